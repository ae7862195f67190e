# Sourced by tests/rig.sh: an engine for containers that nobody else uses, in a folder and a network of its own, with
# base images made from Debian's packages (no registry is asked). Sets $engine, its folder.
# shellcheck shell=bash

engine='' engine_pid='' slirp_pid=''

# engine_start: or the reason why not, in $why.
engine_start() {
    engine=$(mktemp -d -t rig.XXXXXX)
    mkdir "$engine/bin"
    # Debian's client knows BuildKit without a plugin; another one may stand first in PATH.
    ln -s "$(dpkg -L docker.io | grep -m1 '/bin/docker$')" "$engine/bin/docker"
    export PATH=$engine/bin:$PATH DOCKER_HOST=unix://$engine/docker.sock DOCKER_CONFIG=$engine/config
    export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
    # shellcheck disable=SC2016
    setsid unshare --net --mount bash -c '
        ip link set lo up
        for _ in $(seq 100); do ip link show tap0 >/dev/null 2>&1 && break; sleep 0.1; done
        exec dockerd --host="unix://$0/docker.sock" --data-root="$0/data" --exec-root="$0/exec" --pidfile="$0/docker.pid"
        ' "$engine" </dev/null >"$engine/log" 2>&1 &
    engine_pid=$!
    for _ in $(seq 100); do
        [ "$(readlink /proc/$engine_pid/ns/net)" = "$(readlink /proc/$$/ns/net)" ] || break
        sleep 0.05
    done
    setsid slirp4netns --configure --mtu=1400 --disable-host-loopback "$engine_pid" tap0 \
        </dev/null >"$engine/slirp.log" 2>&1 &
    slirp_pid=$!
    for _ in $(seq 150); do
        docker version >/dev/null 2>&1 && return 0
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.2
    done
    # shellcheck disable=SC2034
    why="dockerd does not start on this machine: $(tail -n 3 "$engine/log" | tr '\n' ' ')"
    return 1
}

engine_stop() {
    local pid
    [ -n "$engine" ] || return 0
    pid=$(cat "$engine/docker.pid" 2>/dev/null || true)
    if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
        for _ in $(seq 200); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
    fi
    [ -z "$slirp_pid" ] || kill "$slirp_pid" 2>/dev/null || true
    rm -rf --one-file-system "$engine"
}

# engine_base SUITE: debian:SUITE-slim.
engine_base() {
    mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$1" - >"$engine/base.tar" 2>"$engine/base.log" || return 1
    docker import -c 'CMD ["bash"]' "$engine/base.tar" "debian:$1-slim" >/dev/null
    rm "$engine/base.tar"
}

# engine_nats: what stands in for nats:2.10-alpine, from Debian's nats-server.
engine_nats() {
    mkdir "$engine/nats"
    cat >"$engine/nats/Dockerfile" <<'DOCKERFILE'
FROM debian:trixie-slim
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends nats-server wget >/dev/null
COPY entrypoint /usr/local/bin/docker-entrypoint.sh
EXPOSE 4222 8222 6222
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["nats-server","-m","8222"]
DOCKERFILE
    # shellcheck disable=SC2016
    printf '#!/bin/sh\ncase "${1-}" in -*) set -- nats-server "$@" ;; esac\nexec "$@"\n' >"$engine/nats/entrypoint"
    chmod 755 "$engine/nats/entrypoint"
    timeout 600 docker build -q -t nats:2.10-alpine "$engine/nats" >"$engine/nats.log" 2>&1
}

# Sourced by the scenarios of the bus: a server on a shipped configuration, with keys and certificates made
# by the shipped scripts, and a twofoldd on it with its two logins.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
docker=$here/../../docker
node=$(command -v node || command -v nodejs) || fail "no node"

# with_globex LAYOUT: from now on start_bus takes LAYOUT with a second organization, made as its head says.
with_globex() {
    local first='# A service that needs a verdict'
    if [ "$docker" != "$dir/docker" ]; then
        cp -r "$docker" "$dir/docker"
        docker=$dir/docker
    fi
    ! grep -q GLOBEX "$docker/$1" || return 0
    sed -n "/$first/,/^        ]/{/^        ]/!{s/acme/globex/g; s/ACME/GLOBEX/g; p}}" "$docker/$1" >"$dir/globex.txt"
    sed -i "/$first/{
        e cat '$dir/globex.txt'
    }" "$docker/$1"
}

# start_bus LAYOUT [SERVER-FLAG...]: in $bus, on $port; its trace of everything said is $dir/LAYOUT.log.
# Without certificates in $bus it makes them for 127.0.0.1.
start_bus() {
    local layout=$1
    shift
    port=
    bus=$dir/bus-$layout bus_log=$dir/$layout.log
    mkdir -p "$bus"
    cp "$docker/$layout" "$bus"
    "$docker/make-nkeys.sh" "$bus/$layout" "$bus"
    [ -e "$bus/server.pem" ] || "$docker/make-ca.sh" "$bus" 127.0.0.1
    serve_bus "$layout" "$@"
}
# serve_bus CONFIG [SERVER-FLAG...]: starts the server in $bus.
serve_bus() {
    local config=$1
    shift
    rm -f "$bus"/*.ports
    (cd "$bus" && exec nats-server -c "$config" -a 127.0.0.1 -p "${port:--1}" -m -1 \
        --ports_file_dir . "$@") >>"$bus_log" 2>&1 &
    nats_pid=$!
    for _ in $(seq 400); do
        [ -s "$bus/nats-server_$nats_pid.ports" ] && break
        kill -0 $nats_pid 2>/dev/null || fail "the server has ended"
        sleep 0.05
    done
    port=$(grep -oE '(tls|nats)://127\.0\.0\.1:[0-9]+' "$bus/nats-server_$nats_pid.ports" | head -n 1)
    port=${port##*:}
    await "$bus_log" 'Server is ready'
    export TWOFOLD_NATS_URL=tls://127.0.0.1:$port TWOFOLD_NATS_TLS_CA=$bus/ca.pem
}
# restart_bus CONFIG: ends the server and starts it on the same port.
restart_bus() {
    stop_nats
    mv "$bus_log" "$bus_log.before"
    serve_bus "$1"
}
# start_roles_service NAME [ENV=VALUE...]: twofoldd with its two logins and a database of its own, serving.
start_roles_service() {
    start_service "$@" TWOFOLD_DATA_DIR="$dir/data-$1" \
        TWOFOLD_NATS_NKEY_FILE="$bus/service-requests.nk" \
        TWOFOLD_AUDIT_NATS_NKEY_FILE="$bus/service-audit.nk"
    serving "$1"
}
# as ROLE WORD...: the command line with the login and the inbox of ROLE, "acme-verifier" or "ops".
as() {
    local role=$1
    shift
    cli --org acme --nkey "$bus/$role.nk" --inbox-prefix "_INBOX.${role/-/.}" "$@"
}

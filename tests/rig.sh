#!/bin/bash
# Builds docker/ and runs both of its compose files for real, on an engine of its own that is gone afterwards: what a
# user's rig does, what an operator's rig withstands, what is said when it was set up wrong.
#
#   tests/rig.sh                  exit 0: every check passed. 77: NOT RUN, there is no engine. Else: one failed
#   RIG_INSTALL=1 tests/rig.sh    installs what is missing (.ci/packages.rig); needs root, as the engine does
#   RIG_REQUIRE=1 tests/rig.sh    where it cannot run, that is a failure (1)
#   RIG_KEEP=1 tests/rig.sh       keeps the folder with the logs
#   RIG_PARTS='hardened failover' tests/rig.sh    by hand: not all (tests/rig/*.sh; the three from hardened on go together)
set -Eeuo pipefail
cd "$(dirname "$0")/.."
rig=$PWD/tests/rig
project=rig$$ began=$SECONDS logs=$(mktemp -d -t rig-logs.XXXXXX)
chmod 755 "$logs" # containers read in it as somebody else
export TWOFOLD_TAG=rig TWOFOLD_PORT=4222

say() { printf '[rig %3ds] %s\n' $((SECONDS - began)) "$*"; }
fail() { say "FAIL: $*"; exit 1; }
skip() {
    say "NOT RUN, this is not a pass: $*"
    if [ "${RIG_REQUIRE:-0}" = 1 ]; then exit 1; fi
    exit 77
}

# shellcheck source=tests/rig/engine.sh
. "$rig/engine.sh"
# shellcheck source=tests/rig/checks.sh
. "$rig/checks.sh"

finish() {
    rc=$?
    trap - EXIT ERR
    trap '' INT TERM
    set +e
    if [ -n "$engine" ] && timeout 20 docker version >/dev/null 2>&1; then
        if [ $rc != 0 ] && [ $rc != 77 ]; then
            timeout 30 docker ps -a
            for container in $(timeout 30 docker ps -aq); do
                timeout 30 docker inspect -f '---- {{.Name}}' "$container"
                timeout 30 docker logs --tail 40 "$container" 2>&1
            done
        fi
        for file in docker/compose.yaml docker/compose.dev.yaml; do
            timeout 120 docker-compose --ansi never -p "$project" -f $file down -v -t 3 >/dev/null 2>&1
        done
    fi
    engine_stop
    if [ "${RIG_KEEP:-0}" = 1 ]; then say "logs: $logs"; else rm -rf "$logs"; fi
    [ $rc != 0 ] || say "PASS: $passed checks"
    exit $rc
}
trap finish EXIT
trap 'say "line $LINENO failed: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM

# ---- an engine, and what stands in for a registry ----

[ "$(id -u)" = 0 ] || skip "starting an engine needs root"
if [ "${RIG_INSTALL:-0}" = 1 ]; then
    .ci/install rig || skip "the packages of .ci/packages.rig cannot be installed"
fi
for program in dockerd docker-compose iptables slirp4netns mmdebstrap busybox oathtool; do
    command -v $program >/dev/null || skip "$program is missing; RIG_INSTALL=1 installs it"
done
why=''
engine_start || skip "$why"
say "engine $(docker version --format '{{.Server.Version}}'), compose $(docker-compose version --short)"
for suite in trixie bookworm; do
    engine_base $suite || skip "no base image of Debian's $suite: $(tail -n 3 "$engine/base.log" | tr '\n' ' ')"
done
engine_nats || { tail "$engine/nats.log"; fail "the stand-in for nats:2.10-alpine was not built"; }
say "STAND-IN for nats:2.10-alpine: Debian's $(docker run --rm --network=none nats:2.10-alpine -v)"

# shellcheck source=tests/rig/images.sh
. "$rig/images.sh"
for part in ${RIG_PARTS:-dev page setup hardened failover mistakes production}; do
    # shellcheck source=/dev/null
    . "$rig/$part.sh"
done

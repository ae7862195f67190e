#!/bin/bash
# Goal: a server that sends a fragmented, oversized, endless or senseless greeting, or none, or stops in the
# middle, neither crashes the service nor the command line, nor keeps the latter waiting; and with a tls://
# address neither of them tells it a login. (The greeting itself always comes before TLS: what a client
# library does with it is its own; Debian 12's is old, Debian 13's is mended.)
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

# The client library loses a few bytes with each greeting that it cannot read.
export ASAN_OPTIONS=detect_leaks=0
mkdir "$dir/keys"
"$docker/make-nkeys.sh" "$docker/nats.conf" "$dir/keys"
# crashed CODE: by a signal, or a sanitizer. 137 is our own kill.
crashed() { [ "$1" -ge 128 ] && [ "$1" != 137 ] && [ "$1" != 143 ]; }
n=0
# attack SCHEME MODE
attack() {
    local heard=$dir/$1-$2.txt log=$1-$2 url fake started code=0
    "$node" "$here/bus_fake_server.mjs" "$2" >"$heard" &
    fake=$!
    pids+=("$fake")
    await "$heard" '^[0-9]+$'
    url=$1://127.0.0.1:$(head -n 1 "$heard")
    started=$SECONDS
    TWOFOLD_NATS_NKEY_FILE=$dir/keys/acme-verifier.nk cli --nats "$url" --timeout 1 status alice \
        >"$dir/cli-$log.log" 2>&1 </dev/null || code=$?
    [ $code = 3 ] || fail "$log: the command line ended with $code: $(<"$dir/cli-$log.log")"
    [ $((SECONDS - started)) -le 15 ] || fail "$log: the command line took $((SECONDS - started)) s"
    [ -s "$dir/cli-$log.log" ] || fail "$log: the command line says nothing"

    start_service "$log" TWOFOLD_NATS_URL="$url" TWOFOLD_NATS_NKEY_FILE="$dir/keys/service-requests.nk"
    for _ in $(seq 200); do
        [ "$(grep -c treated "$heard")" -ge 2 ] && break
        sleep 0.05
    done
    # Servers that fall silent keep it in the library until its guard ends it; the rest it must survive.
    kill "$pid"
    case $2 in
    *silence | info-then-flood | empty-info | fragmented-info)
        sleep 0.5
        kill -9 "$pid" 2>/dev/null || true
        ;;
    esac
    ended "$pid"
    ! crashed "$code" || fail "$log: the service ended with $code"
    if [ "$1" = tls ] && grep -q told "$heard"; then fail "$log: a login was told without TLS"; fi
    end "$fake"
    n=$((n + 1))
}
for scheme in nats tls; do
    for mode in $("$node" "$here/bus_fake_server.mjs"); do
        attack "$scheme" "$mode"
    done
done
# The control: without TLS a login is told, so the absence above means something.
grep -q told "$dir/nats-info-then-silence.txt" || fail "the fake server hears nothing"
echo "$n hostile servers survived"

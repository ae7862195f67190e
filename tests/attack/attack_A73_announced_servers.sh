#!/bin/bash
# Goal: a greeting that announces another host sends nobody there, though that host has a certificate of the
# same authority for the name it gives itself: not at the first connection, and not when a connection is lost
# and made anew. For the service and the command line; both are back when the way to the bus is open again.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

# start_other NAME REAL-PORT: something on the way to the bus, at which everybody's address points from now on.
# What it says is in $heard; what it is told goes to descriptor 4.
start_other() {
    heard=$dir/$1.txt
    rm -f "$dir/orders"
    mkfifo "$dir/orders"
    "$node" "$here/bus_other_host.mjs" "$2" "$dir/other" <"$dir/orders" >"$heard" &
    other=$!
    pids+=("$other")
    exec 4>"$dir/orders"
    await "$heard" '^[0-9]+$'
    TWOFOLD_NATS_URL=tls://127.0.0.1:$(head -n 1 "$heard")
}
count() { grep -c "^$1" "$heard" || true; }
# heard_often TEXT N: until it was heard so often or somebody went to the other host, 20 seconds at most.
heard_often() {
    for _ in $(seq 400); do
        if [ "$(count "$1")" -ge "$2" ] || [ "$(count visited)" != 0 ]; then return 0; fi
        sleep 0.05
    done
    fail "heard '$1' only $(count "$1") times"
}
nobody_went_there() {
    [ "$(count visited)" = 0 ] || fail "$1: the other host was visited: $(tail -n 5 "$heard")"
}

start_bus nats.conf
mkdir "$dir/other"
cp "$bus/ca.pem" "$bus/ca.key" "$dir/other"
"$docker/make-ca.sh" "$dir/other" localhost

start_other first 0
code=0
as acme-verifier --timeout 2 status alice >"$dir/cli.log" 2>&1 </dev/null || code=$?
[ $code = 3 ] || fail "the command line ended with $code: $(<"$dir/cli.log")"
heard_often greeted 1
greeted=$(count greeted)
start_service first TWOFOLD_NATS_NKEY_FILE="$bus/service-requests.nk" \
    TWOFOLD_AUDIT_NATS_NKEY_FILE="$bus/service-audit.nk"
heard_often greeted $((greeted + 1))
end "$pid"
nobody_went_there "at the first connection"
end $other

start_other again "$port"
start_roles_service again
"$bin/twofold" --org acme --nkey "$bus/acme-auditor.nk" --inbox-prefix _INBOX.acme.auditor \
    audit tail --follow >"$dir/trail.txt" 2>"$dir/tail.log" &
tail=$!
pids+=("$tail")
await "$dir/tail.log" 'watching'
echo shut >&4
# Three connections (the service has two) that try a few times each: every address they know had its turn.
heard_often 'turned away' 12
nobody_went_there "after a connection was lost"
echo open >&4
for _ in $(seq 200); do
    as ops ping >/dev/null 2>&1 && break
    sleep 0.1
done
# An event passes from the service's login for the trail to the auditor, so both are back.
for _ in $(seq 200); do
    as acme-admin policy set mode=optional >/dev/null
    ! grep -q policy "$dir/trail.txt" || break
    sleep 0.1
done
says "$dir/trail.txt" policy
nobody_went_there "in the end"

# The control: the other host is there, and whoever trusts it tells it a login.
code=0
url=$(head -n 1 <"/dev/tcp/127.0.0.1/${TWOFOLD_NATS_URL##*:}" | grep -o 'localhost:[0-9]*')
TWOFOLD_NATS_URL=tls://$url as acme-verifier --timeout 1 status alice >"$dir/control.log" 2>&1 </dev/null || code=$?
await "$heard" '^told'
end "$tail" "$pid" "$other"
stop_nats

# Sourced by chaos.sh and aggregated.sh: the ledger plays while the bus and the service are killed, then the
# trail is held against its book.
# shellcheck shell=bash
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/audit_lib.sh"
ledger=$tools/ledger
here=$(dirname "${BASH_SOURCE[0]}")
book=$dir/book.json
lives=0 service_pid=''

# pause MS: up to that long, by chance.
pause() {
    local ms
    ms=$((RANDOM % $1))
    sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
}
start_bus() { start_nats "$dir/nats.conf"; }
kill_bus() {
    kill -9 "$nats_pid"
    wait "$nats_pid" 2>/dev/null || true
    pause 400
    start_bus
}
start_ledgered_service() {
    lives=$((lives + 1))
    start_service "service-$lives"
    service_pid=$pid
}
kill_service() {
    kill -9 "$service_pid"
    wait "$service_pid" 2>/dev/null || true
    pause 300
    start_ledgered_service
}
booked() { wc -l <"$book"; }
# work_goes_on: until requests are answered again, 60 seconds at most.
work_goes_on() {
    local from
    from=$(booked)
    for _ in $(seq 1200); do
        [ "$(booked)" -lt $((from + 50)) ] || return 0
        sleep 0.05
    done
    fail "nothing is answered any more"
}

# begin_play SEED USERS: a bus with JetStream, a service, and the ledger's clients, until most of their users are
# there.
begin_play() {
    printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/nats.conf"
    start_bus
    start_ledgered_service
    serving service-1
    "$ledger" play "$url" "$book" "$1" "$2" >"$dir/play.txt" 2>"$dir/play.log" &
    ledger_pid=$!
    pids+=("$ledger_pid")
    await "$dir/play.txt" playing
    local until=$((SECONDS + 60))
    while [ "$(booked)" -lt $((16 * $2)) ] && [ $SECONDS -lt $until ]; do sleep 0.1; done
    work_goes_on
}
# kill_all N: bus and service, N times each, by chance in turn. Mostly it waits until work goes on; else the
# next kill comes while something starts.
kill_all() {
    local bus=$1 service=$1 began=$SECONDS
    while [ $((bus + service)) -gt 0 ]; do
        pause 1200
        if [ $((RANDOM % (bus + service))) -lt "$bus" ]; then
            kill_bus
            bus=$((bus - 1))
        else
            kill_service
            service=$((service - 1))
        fi
        [ $((RANDOM % 4)) = 0 ] || work_goes_on
        echo "$((SECONDS - began)) s: bus killed $(($1 - bus)) times, service $(($1 - service)) times;" \
            "$(booked) requests"
    done
}
end_play() {
    work_goes_on
    kill "$ledger_pid"
    for _ in $(seq 1800); do
        kill -0 "$ledger_pid" 2>/dev/null || break
        sleep 0.05
    done
    ended "$ledger_pid"
    [ "$code" = 0 ] || fail "the ledger ended with $code: $(cat "$dir/play.log")"
}
judge() { node "$here/judge.mjs" "$book" "$@"; }
verified() {
    for org in default acme; do
        cli --org $org audit verify >"$dir/verify-$org.txt" 2>"$dir/verify-$org.err" ||
            fail "verify of $org: $(head -n 20 "$dir/verify-$org.txt" "$dir/verify-$org.err")"
        tail -n 1 "$dir/verify-$org.txt"
    done
}

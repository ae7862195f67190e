#!/bin/bash
# Goal: whatever stands on the bus's port, silent, hostile or no NATS server at all, `twofoldd health` says in one
# line that all is not well, and ends soon after its time: a container's check must never hang.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

# The client library loses a few bytes with each greeting that it cannot read.
export ASAN_OPTIONS=detect_leaks=0
n=0
for mode in $("$node" "$here/bus_fake_server.mjs"); do
    heard=$dir/$mode.txt code=0
    "$node" "$here/bus_fake_server.mjs" "$mode" >"$heard" &
    fake=$!
    pids+=("$fake")
    await "$heard" '^[0-9]+$'
    # Time enough for a busy machine, and far less than the library's own guard would take.
    TWOFOLD_NATS_URL=nats://127.0.0.1:$(head -n 1 "$heard") timeout -s KILL 20 \
        "$bin/twofoldd" health --timeout 1 >"$dir/health.txt" 2>"$dir/health-$mode.log" || code=$?
    [ $code = 1 ] || fail "$mode: health ended with $code: $(cat "$dir/health.txt" "$dir/health-$mode.log")"
    [ "$(grep -c '^unwell: ' "$dir/health.txt")" = 1 ] || fail "$mode: $(<"$dir/health.txt")"
    ! grep -aq '[^ -~]' "$dir/health.txt" || fail "$mode: what came from the server was printed as it is"
    echo "$mode: $(<"$dir/health.txt")"
    end "$fake"
    n=$((n + 1))
done
[ $n -ge 10 ] || fail "$n servers tried"

#!/bin/bash
# Goal: when answers take a while, as on a busy machine, the health check says what they told, and not that nobody
# answers, because the last question came too late to be answered.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

start_nats
for ms in 0 40 70; do
    "$node" "$here/bus_slow_teller.mjs" "$nats_port" $ms >"$dir/teller-$ms.txt" &
    teller=$!
    pids+=("$teller")
    await "$dir/teller-$ms.txt" ready
    for _ in 1 2 3; do
        code=0
        timeout 20 "$bin/twofoldd" health --timeout 1 >"$dir/health.txt" 2>&1 || code=$?
        [ $code = 1 ] || fail "health ended with $code: $(<"$dir/health.txt")"
        grep -q 'instance slow: it is stopping' "$dir/health.txt" || fail "$ms ms late: $(<"$dir/health.txt")"
    done
    end "$teller"
done

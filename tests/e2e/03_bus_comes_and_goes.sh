#!/bin/bash
# Goal: a bus that is away at start is waited for; one that is killed and comes back is served again.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

start_nats
stop_nats
start_service service
await "$dir/service.log" 'level=warn'
start_nats
serving service
enroll alice
otp 0 | cli verify alice >/dev/null

kill -9 "$nats_pid"
wait "$nats_pid" 2>/dev/null || true
await "$dir/service.log" 'bus lost'
start_nats
await "$dir/service.log" 'bus is back'
for _ in $(seq 100); do
    cli --timeout 1 ping >/dev/null 2>&1 && break
    sleep 0.1
done
otp 1 | cli verify alice >/dev/null || fail "not served after the bus came back"
kill -0 "$pid" || fail "twofoldd is gone"

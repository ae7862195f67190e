#!/bin/bash
# Goal: started with closed standard streams, neither program writes what it prints into a file or a
# connection that got such a number: the database stays whole, no secret goes to the bus.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
export TWOFOLD_DATA_DIR=$dir/data TWOFOLD_KEYRING_FILE=$dir/ring
"$bin/twofoldd" keys init >/dev/null
start_nats

start_service first
serving first
enroll alice
# The rotation, beside the service and with nothing to print to.
"$bin/twofoldd" keys rotate <&- >&- 2>&-
"$bin/twofoldd" keys rotate >&- 2>&-
"$bin/twofoldd" keys rotate 2>&-
"$bin/twofoldd" keys list >"$dir/list.txt" || fail "the database was written over"
says "$dir/list.txt" active
kill "$pid"
ended "$pid"

# The service itself.
"$bin/twofoldd" <&- >&- 2>&- &
pids+=($!)
for _ in $(seq 400); do
    ! cli ping >/dev/null 2>&1 || break
    sleep 0.05
done
otp 0 | cli verify alice >/dev/null || fail "a service without streams does not serve"

# The tool: what it shows is shown nowhere.
echo 'correct horse' | cli user put bob >/dev/null
stop_nats
start_nats
for _ in $(seq 400); do
    ! cli ping >/dev/null 2>&1 || break
    sleep 0.05
done
echo 'correct horse' | cli enroll bob >&- 2>"$dir/enroll.err" || true
cli status bob >"$dir/status.txt"
says "$dir/status.txt" PENDING
! grep -qiE 'parser|ecret|otpauth' "$dir/nats.log" || fail "output went into the connection: $(cat "$dir/nats.log")"
end "${pids[@]}"
pids=()
start_service again
serving again
cli status alice >"$dir/status.txt"
says "$dir/status.txt" ACTIVE

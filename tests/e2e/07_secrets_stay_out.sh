#!/bin/bash
# Goal: no password, code, recovery code or secret appears in the service's log, its command line or
# environment, in the database, or in what `audit tail` prints; also at level debug.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

start_nats
start_service service TWOFOLD_LOG_LEVEL=debug
serving service
"$bin/twofold" --json audit tail >"$dir/audit.txt" 2>/dev/null &
pids+=($!)
sleep 0.3
enroll alice
now=$(otp 0)
echo "$now" | cli verify alice >/dev/null
echo "$recovery" | cli verify alice --recovery >/dev/null
echo 'wrong password' | cli login alice >/dev/null 2>&1 || true
await "$dir/audit.txt" 'login.failed'
raw=$(echo "$secret" | base32 -d | od -An -tx1 | tr -d ' \n')
for canary in 'correct horse' 'wrong password' "$secret" "$recovery" "${recovery//-/}" "$raw"; do
    for file in "$dir/service.log" "$dir/audit.txt" "$dir/data/data.mdb" "/proc/$pid/cmdline"; do
        ! grep -qaF -- "$canary" "$file" || fail "$file holds '$canary'"
    done
done
! xxd -p "$dir/data/data.mdb" | tr -d '\n' | grep -q "$raw" || fail "the database holds the secret"
! grep -qF -- "$now" "$dir/service.log" || fail "the log holds a code"
grep -q ' 0 *0 ' <(grep 'Max core' "/proc/$pid/limits") || fail "core files are on"

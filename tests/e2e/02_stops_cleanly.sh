#!/bin/bash
# Goal: SIGTERM answers what is in flight, passwords being hashed included, and ends with exit code 0;
# SIGTERM while waiting for a bus ends as well.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

echo 'trace: true' >"$dir/nats.conf"
start_nats "$dir/nats.conf"
start_service service TWOFOLD_SCRYPT_LN=15 TWOFOLD_SCRYPT_P=8
serving service
echo 'correct horse' | cli user put alice >/dev/null
for i in 1 2 3; do
    { echo 'correct horse' | cli --timeout 20 login alice >"$dir/login$i.txt" 2>&1; echo $? >"$dir/login$i.rc"; } &
    logins[i]=$!
done
# The server's trace says when it has handed all of them to the service.
handed() { grep -cE -- '->> \[H?MSG twofold\.v1\.default\.login\.login ' "$dir/nats.log" || true; }
for _ in $(seq 400); do
    [ "$(handed)" -lt 3 ] || break
    sleep 0.05
done
[ "$(handed)" = 3 ] || fail "only $(handed) logins have reached the service"
kill -TERM "$pid"
ended "$pid"
[ "$code" = 0 ] || fail "exit code $code"
wait "${logins[@]}"
for i in 1 2 3; do
    [ "$(cat "$dir/login$i.rc")" = 0 ] || fail "login $i was not answered: $(cat "$dir/login$i.txt")"
done
says "$dir/service.log" 'msg=stopped'

stop_nats
start_service waiting
await "$dir/waiting.log" 'level=warn'
kill -TERM "$pid"
ended "$pid"
[ "$code" = 0 ] || fail "exit code $code while waiting for the bus"

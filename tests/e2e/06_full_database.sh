#!/bin/bash
# Goal: a full database answers UNAVAILABLE, never a success, and says so; nothing that was acknowledged is
# lost, and with more room the same data serve on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Long names fill it sooner.
name() { printf 'user%0240d' "$1"; }
start_nats
start_service small TWOFOLD_DB_SIZE_MB=1
serving small
kept=0
for i in $(seq 2000); do
    rc=0
    echo "password $i" | cli user put "$(name $i)" >"$dir/put.txt" 2>&1 || rc=$?
    [ $rc = 0 ] || break
    kept=$i
done
[ $rc != 0 ] || fail "a database of 1 MiB took 2000 users"
grep -q 'cannot decide at the moment' "$dir/put.txt" || fail "$(cat "$dir/put.txt")"
kill -0 "$pid" || fail "twofoldd is gone"
end "$pid"

start_service larger TWOFOLD_DB_SIZE_MB=64
serving larger
[ "$(cli user list | grep -c 'user[0-9]')" -ge "$kept" ] || fail "users were lost"
echo "password $kept" | cli login "$(name "$kept")" >/dev/null
echo "one more one" | cli user put another >/dev/null

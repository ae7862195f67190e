#!/bin/bash
# Goal: the keys are rotated under live Verify load, over two processes: no verification fails, progress
# is shown, a rotation that is killed half-way goes on when it is started again, the old key retires, and
# a database whose key is missing from the keyring (A45: "KEK missing") is refused, not written.
#
#     USERS=100000 tests/attack/attack_A45_keys_rotate_under_load.sh    by hand; 10,000 in CI
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
load=${TEST_TOOLS:-$bin/../tests}/rotate_load
users=${USERS:-10000}
export TWOFOLD_DATA_DIR=$dir/data TWOFOLD_KEYRING_FILE=$dir/keys/ring
keys() { "$bin/twofoldd" keys "$@"; }
rereads() { grep -c 'keyring again' "$dir/$1.log" || true; }
rows_under() { keys list | awk -v id="$1" '$1 == id { print $4 }'; }

mkdir "$dir/keys"
keys init >/dev/null
cp "$TWOFOLD_KEYRING_FILE" "$dir/old.ring"
"$load" fill "$TWOFOLD_DATA_DIR" "$TWOFOLD_KEYRING_FILE" "$users"
start_nats
start_service one
start_service two
serving one
serving two
"$load" verify "$url" "$users" >"$dir/load.txt" 2>"$dir/load.err" &
load_pid=$!
pids+=("$load_pid")
await "$dir/load.txt" verifying

# Killed half-way: as soon as some of the rows are under the new key, and not all.
"$bin/twofoldd" keys rotate >"$dir/rotate1.txt" 2>"$dir/rotate1.err" &
rotate_pid=$!
for _ in $(seq 600); do
    done_rows=$(rows_under 2)
    [ "${done_rows:-0}" -lt $((users / 10)) ] || break
    kill -0 $rotate_pid 2>/dev/null || break
done
kill -9 $rotate_pid 2>/dev/null || fail "the rotation was over before it could be killed"
wait $rotate_pid 2>/dev/null || true
left=$(rows_under 1)
echo "killed with $(rows_under 2) rows under key 2 and $left under key 1"
[ "$left" -gt 0 ] || fail "nothing was left to do after the kill"
says "$dir/rotate1.err" "of $users"

keys rotate >"$dir/rotate2.txt" 2>"$dir/rotate2.err" || fail "rotate: $(cat "$dir/rotate2.err")"
says "$dir/rotate2.err" 'going on with a rotation'
says "$dir/rotate2.err" '100%'
says "$dir/rotate2.txt" 'key 2 is active'
[ "$(rows_under 1)" = 0 ] || fail "rows were left under the old key"
[ "$(rows_under 2)" = $((users + 1)) ] || fail "not all rows are under the new key"
one=$(rereads one) two=$(rereads two)
keys retire 1 >"$dir/retire.txt"
says "$dir/retire.txt" 'key 1 is retired'
says "$dir/retire.txt" 'only the pepper'
# Both processes verify on: each reads the keyring again, without the old key, for the next code it gets.
for _ in $(seq 400); do
    [ "$(rereads one)" = "$one" ] || [ "$(rereads two)" = "$two" ] || break
    sleep 0.05
done
[ "$(rereads one)" -gt "$one" ] || fail "the first process has not followed"
[ "$(rereads two)" -gt "$two" ] || fail "the second process has not followed"
kill "$load_pid"
code=0
wait "$load_pid" || code=$?
cat "$dir/rotate2.txt" "$dir/load.txt"
[ $code = 0 ] || fail "verifications failed: $(sort "$dir/load.err" | uniq -c | head -n 5)"

# The old keyring, and one with a new first key: both are refused, and nothing is written.
end "${pids[@]}"
pids=()
before=$(cksum <"$dir/data/data.mdb")
"$bin/twofoldd" keys init --keyring-file "$dir/keys/other" >/dev/null
for ring in "$dir/old.ring" "$dir/keys/other"; do
    start_service refused TWOFOLD_KEYRING_FILE="$ring"
    ended $pid
    [ "$code" = 1 ] || fail "a service with the wrong keyring ended with $code"
    grep -qE 'lacks key 2|not the keyring' "$dir/refused.log" || fail "no reason: $(cat "$dir/refused.log")"
done
[ "$before" = "$(cksum <"$dir/data/data.mdb")" ] || fail "a wrong keyring wrote to the database"

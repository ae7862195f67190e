#!/bin/bash
# Goal: replicas in containers share one folder and one bus, though each is process 1: both serve, one that
# is killed -9 is replaced beside the other, which goes on; every code counts once, whoever is asked.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
unshare --pid --fork --mount-proc true 2>/dev/null || { echo "needs root, to make PID namespaces"; exit 77; }
# Numbers of unshare, and of the service in it. The first is not told to end: it would wait for ever.
declare -A outer=() inner=()
leave() {
    local rc=$?
    kill -9 "${inner[@]}" 2>/dev/null || true
    (exit "$rc") || finish
    finish
}
trap leave EXIT

# contain NAME: a twofoldd that is process 1 of a namespace.
contain() {
    local name=$1
    TWOFOLD_DATA_DIR=$dir/data unshare --pid --fork --mount-proc --kill-child "$bin/twofoldd" 2>"$dir/$name.log" &
    outer[$name]=$!
    await "/proc/$!/task/$!/children" '[0-9]'
    inner[$name]=$(tr -d " " <"/proc/$!/task/$!/children")
    serving "$name"
    [ "$(awk '/^NSpid:/ { print $NF }' "/proc/${inner[$name]}/status")" = 1 ] || fail "$name is not process 1"
}
# gone NAME SIGNAL: ends it; the exit code is in $code.
gone() {
    kill "-$2" "${inner[$1]}"
    ended "${outer[$1]}"
    unset "inner[$1]"
}
spend() { head -n 1 "$dir/codes" | cli --timeout 5 verify alice --recovery >/dev/null; }
# good WHEN: the next recovery code is accepted, and then is not.
good() {
    spend || fail "a good code was refused $1"
    ! spend 2>"$dir/again.txt" || fail "a code was accepted twice $1"
    sed -i 1d "$dir/codes"
}

start_nats
contain one
contain two
enroll alice
grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){4}' "$dir/enroll.txt" >"$dir/codes"
[ "$(wc -l <"$dir/codes")" = 10 ] || fail "no ten recovery codes"
good 'with both'
good 'with both, again'

gone one 9
good 'by the other one'
contain three
good 'with a new one'
gone two 9
good 'by the new one'
contain four
gone three TERM
[ "$code" = 0 ] || fail "three ended with $code"
good 'by the newest'

# Beside it, from outside.
"$bin/twofoldd" backup "$dir/backup" --data-dir "$dir/data" --keyring-file "$dir/data.keyring" >/dev/null
gone four TERM
[ "$code" = 0 ] || fail "four ended with $code"
for name in one two three four; do
    ! grep 'level=error' "$dir/$name.log" || fail "$name has complained"
done
start_service last
serving last
cli status alice >"$dir/status.txt"
says "$dir/status.txt" 'recovery_codes_left: 4'

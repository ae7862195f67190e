#!/bin/bash
# Goal: with the bus of the audit trail gone, no verification is refused or slower than noise; when it is back
# the backlog drains in the order of each user, and nothing is missing.
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/audit_lib.sh"
rounds=3 users=100
export TWOFOLD_AUDIT_FAILURES=0

# measure NAME: each user of this phase once, one after the other; microseconds, sorted, into $dir/NAME.txt.
phase=0
measure() {
    local i code
    phase=$((phase + 1))
    code=$(fresh_code 20)
    for i in $(seq $(((phase - 1) * users + 1)) $((phase * users))); do
        printf 'Verification.Verify username=ada-%s code=%s\n\n' "$i" "$code"
    done | ask >"$dir/answers.txt"
    expect "verified with the audit bus $1" "$(count OK "$dir/answers.txt")" $users
    cut -d ' ' -f 4 "$dir/answers.txt" >>"$dir/$1.us"
}
# quantile NAME PERCENT
quantile() { sort -n "$dir/$1.us" | awk -v p="$2" '{ v[NR] = $1 } END { print v[int((NR - 1) * p / 100) + 1] }'; }

start_nats
start_audit_bus
start service TWOFOLD_AUDIT_NATS_URL="$audit_url"
import_users ada $((2 * rounds * users))
all_sent
for _ in $(seq $rounds); do
    measure there
    all_sent
    kill_audit_bus
    measure gone
    [ "$(backlog)" -ge $users ] || fail "only $(backlog) events wait while their bus is away"
    start_audit_bus
    all_sent
done
for p in 50 99; do
    there=$(quantile there $p) gone=$(quantile gone $p)
    echo "p$p: $there us with the audit bus, $gone us without: $((100 * gone / there)) %"
    # Against waiting for the bus, not against noise.
    [ "$gone" -lt $((10 * there + 200000)) ] || fail "verifications wait for the audit bus"
done

# freeze PID: returns when it has stopped, 20 seconds at most; a signal that was sent is not yet one that was obeyed.
freeze() {
    kill -STOP "$1"
    for _ in $(seq 400); do
        ! grep -q '^State:[[:space:]]*T' "/proc/$1/status" || return 0
        sleep 0.05
    done
    fail "process $1 does not stop"
}
# Frozen, so that events are under way that nobody has taken; then killed, and gone for a while, and the service
# killed meanwhile.
wrong=$(wrong_code)
guesses() { for i in $(seq 50); do echo "5* Verification.Verify username=ada-$i code=$wrong"; done | ask; }
freeze "$audit_pid"
guesses >"$dir/one.txt"
sleep 1.5 # housekeeping, which notes what was taken, comes once a second
waiting=$(backlog)
kill_audit_bus
[ "$waiting" -ge 250 ] || fail "only $waiting events waited for a frozen bus"
kill9 "$pid"
start service TWOFOLD_AUDIT_NATS_URL="$audit_url"
guesses >"$dir/two.txt"
expect "guesses decided" "$(cat "$dir/one.txt" "$dir/two.txt" | grep -cE '^(CODE_REJECTED|LOCKED) ')" 500
cli audit checkpoint >"$dir/anchor"
start_audit_bus
all_sent
export_trail
in_order
expect "verifications told" "$(told verification.succeeded)" $((2 * rounds * users))
expect "guesses told" "$(told verification.failed)" 500
on_audit_bus cli audit verify --anchor "$dir/anchor" >"$dir/verify.txt" 2>&1 ||
    fail "verify: $(tail -n 20 "$dir/verify.txt")"
tail -n 1 "$dir/verify.txt"

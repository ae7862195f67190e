#!/bin/bash
# Goal: what gives way when unsent events reach their bound is what TWOFOLD_AUDIT says. required: changes are
# refused at the bound, and done again when events leave; nothing is lost. best_effort: everything is answered,
# the oldest events are dropped, and the trail itself says how many. A stream that is deleted, or a JetStream
# that was off, is found again without help.
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/audit_lib.sh"
bound=100
export TWOFOLD_AUDIT_FAILURES=0 TWOFOLD_AUDIT_BACKLOG=$bound

# guesses N: by 8 users in turn, one after the other; verdicts in $dir/guesses.txt.
guesses() {
    local i wrong
    wrong=$(wrong_code)
    for i in $(seq "$1"); do
        printf 'Verification.Verify username=ada-%s code=%s\n\n' $((i % 8 + 1)) "$wrong"
    done | ask >"$dir/guesses.txt"
}
decided() { grep -cE '^(CODE_REJECTED|LOCKED) ' "$dir/guesses.txt" || true; }
verify_trail() { on_audit_bus cli audit verify --anchor "$dir/anchor" >"$dir/verify.txt" 2>&1; }
anchor() { cli audit checkpoint >"$dir/anchor"; }

start_nats
start_audit_bus
start service TWOFOLD_AUDIT_NATS_URL="$audit_url" TWOFOLD_AUDIT=required
import_users ada 8
all_sent

# required: the service looks at the bound every few seconds.
kill_audit_bus
n=0 refused=0
for _ in $(seq 60); do
    guesses 40
    n=$((n + $(decided))) refused=$((refused + $(count UNAVAILABLE "$dir/guesses.txt")))
    [ $refused = 0 ] || break
    sleep 0.5
done
echo "required: $n decided, then $refused refused, $(backlog) events wait"
[ $refused -gt 0 ] || fail "nothing was refused at the bound"
[ $n -ge $((bound / 3)) ] || fail "refused long before the bound"
guesses 20
expect "refused while the bound is reached" "$(count UNAVAILABLE "$dir/guesses.txt")" 20
says "$dir/service.log" 'have reached their bound'
start_audit_bus
all_sent
for _ in $(seq 60); do
    guesses 5
    n=$((n + $(decided)))
    [ "$(decided)" != 5 ] || break
    sleep 0.5
done
expect "decided when the bus is back" "$(decided)" 5
anchor
all_sent
export_trail
in_order
expect "guesses told" "$(told verification.failed)" $n
verify_trail || fail "verify after required: $(tail -n 20 "$dir/verify.txt")"

# The stream goes while the service runs: it is made again, and all of the tail comes again.
js STREAM.DELETE.TWOFOLD_AUDIT >/dev/null
guesses 3
all_sent
export_trail
in_order
expect "guesses told after the stream was deleted" "$(told verification.failed)" $((n + 3))
anchor
all_sent
verify_trail || fail "verify after the deletion: $(tail -n 20 "$dir/verify.txt")"

# best_effort
end "$pid"
start service TWOFOLD_AUDIT_NATS_URL="$audit_url" TWOFOLD_AUDIT=best_effort
kill_audit_bus
n=0
for _ in $(seq 60); do
    guesses 40
    expect "decided in best_effort" "$(decided)" 40
    [ "$(audit_stat dropped)" = 0 ] || break
    sleep 0.5
done
start_audit_bus
all_sent
anchor
all_sent
export_trail
node "$order" "$trail" >"$dir/types.txt" && fail "nothing is missing"
dropped=$(told audit.dropped)
echo "best_effort: $dropped events dropped; $(told verification.failed) guesses told"
[ "$dropped" -gt 0 ] || fail "the trail does not say what was dropped"
expect "dropped as service discovery tells" "$(audit_stat dropped)" "$dropped"
if verify_trail; then fail "verify does not see what was dropped"; fi
says "$dir/verify.txt" 'had to drop events'
# Every gap is told with its user, and together they are what was dropped.
expect "events that verify misses" "$(missing)" "$dropped"

# JetStream is off at first: plain messages, as nobody keeps them; then it is on.
end "$pid" "$audit_pid"
rm -rf "$dir/js" "$dir/data"*
start_audit_bus off
start service TWOFOLD_AUDIT_NATS_URL="$audit_url"
import_users ada 8
all_sent
end "$audit_pid"
start_audit_bus
import_users ben 8
all_sent
for _ in $(seq 400); do
    ! js STREAM.INFO.TWOFOLD_AUDIT >/dev/null 2>&1 || break
    sleep 0.1
done
import_users cyd 8
all_sent
export_trail
for i in $(seq 8); do
    grep -q "\"cyd-$i\"" "$trail" || fail "cyd-$i is not in the stream that came late"
done

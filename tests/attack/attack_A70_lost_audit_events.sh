#!/bin/bash
# Goal: A70, as far as it is promised today (without JetStream's acknowledgement). While the bus does not
# take the audit trail, decisions go on and nothing of it is lost: not when the bus is killed meanwhile, not
# when the service is. When the bus takes it again, every user's chain comes out whole. What the bus took and
# then lost is not sent again, but shows: the next event does not follow the last one that is there.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
users=8

# wrong_guesses N: by every user, in waits too; each is an event.
wrong_guesses() {
    local i
    for i in $(seq $users); do echo "$1* Verification.Verify username=ada-$i code=$wrong"; done |
        ask >"$dir/guesses.txt"
    expect "guesses decided" \
        $(($(count CODE_REJECTED "$dir/guesses.txt") + $(count LOCKED "$dir/guesses.txt"))) $(($1 * users))
}

audit_may nothing
start_nats "$dir/nats.conf"
start first "${audit_login[@]}"
first=$pid
wrong=$(wrong_code)
import_users ada $users
await "$dir/first.log" 'audit events are kept back'
record_audit "$dir/one.txt"
wrong_guesses 20

# Both are killed while the trail is kept back; the recorder goes with the bus.
kill9 "$first"
kill -9 "$nats_pid"
wait "$nats_pid" 2>/dev/null || true
expect "events that the bus took against its rules" "$(wc -l <"$dir/one.txt")" 1
start_nats "$dir/nats.conf"
start second "${audit_login[@]}"
wrong_guesses 20
await "$dir/second.log" 'audit events are kept back'
record_audit "$dir/one.txt"
audit_may '>'
kill -HUP "$nats_pid"
all_told "$dir/one.txt"
expect "what breaks the chains" "$(chain "$dir/one.txt")" ""
expect "users created" "$(grep '^ada-' "$dir/one.txt" | events user.created . -)" $users
expect "guesses" "$(grep '^ada-' "$dir/one.txt" | events verification.failed . -)" $((40 * users))

# The bus takes events, and they are lost behind it.
end "$recorder"
record_audit "$dir/lost.txt"
wrong_guesses 3
all_told "$dir/lost.txt"
end "$recorder"
record_audit "$dir/two.txt"
wrong_guesses 1
all_told "$dir/two.txt"
cat "$dir/one.txt" "$dir/two.txt" >"$dir/kept.txt"
expect "gaps that show" "$(chain "$dir/kept.txt" | grep -cE '^ada-[0-9]+: from [0-9]+ to [0-9]+$')" $users
cat "$dir/lost.txt" >>"$dir/kept.txt"
expect "gaps when the lost ones are added" "$(chain "$dir/kept.txt")" ""

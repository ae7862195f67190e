#!/bin/bash
# Goal: A70. JetStream acknowledges before its data are on the disk, so a server that comes back may have lost
# events that it had taken. The service sees that when it connects, or starts, and sends them again by itself:
# in the end the stream has every event once, in order, whole chains. What a bus does not take at all waits,
# also when bus and service are killed. What a bus without JetStream took and lost shows as a gap.
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/../e2e/audit_lib.sh"
users=8 guesses=0

# wrong_guesses N: by every user, in waits too; each is an event.
wrong_guesses() {
    local i
    for i in $(seq $users); do echo "$1* Verification.Verify username=ada-$i code=$wrong"; done |
        ask >"$dir/guesses.txt"
    expect "guesses decided" \
        $(($(count CODE_REJECTED "$dir/guesses.txt") + $(count LOCKED "$dir/guesses.txt"))) $(($1 * users))
    guesses=$((guesses + $1 * users))
}

# ---- With JetStream: its store goes back to an older copy ----

# whole WHEN: every event so far is in the stream, once, in order.
whole() {
    local seen=0
    for _ in $(seq 200); do
        rm -f "$trail"
        cli audit export --all-orgs --out "$trail" 2>"$dir/export.txt" || { sleep 0.1; continue; }
        node "$order" "$trail" >"$dir/types.txt" || true
        seen=$(told verification.failed)
        [ "$seen" -lt "$guesses" ] || break
        sleep 0.1
    done
    in_order
    expect "guesses in the stream, $1" "$seen" $guesses
    expect "users in the stream, $1" "$(told user.created)" $users
    sed -E 's/.*"id": *"([^"]*)".*/\1/' "$trail" | sort | uniq -d >"$dir/doubled.txt"
    expect "events twice in the stream, $1" "$(wc -l <"$dir/doubled.txt")" 0
}
start_stream() { start_nats "$dir/js.conf"; }
# lose: the server is back at the copy in $dir/js.old, without a sync of what came after it.
lose() {
    rm -rf "$dir/js"
    cp -r "$dir/js.old" "$dir/js"
}
# served: until the service answers again, 20 seconds at most.
served() {
    for _ in $(seq 200); do
        [ "$(ask_one "Verification.GetStatus username=ada-1")" != OK ] || return 0
        sleep 0.1
    done
    fail "the service does not come back"
}
stop_stream() {
    kill -9 "$nats_pid"
    wait "$nats_pid" 2>/dev/null || true
}
mkdir "$dir/js.old" # the first copy is of nothing
printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/js.conf"
start_stream
start with-stream TWOFOLD_AUDIT_FAILURES=0
first=$pid
wrong=$(wrong_code)
import_users ada $users
wrong_guesses 20
whole "at first"

# All of it is lost: the stream is made anew, and the whole tail goes into it.
stop_stream
lose
start_stream
served
wrong_guesses 1
whole "after all was lost"

# The newest is lost, under a running service,
stop_stream
rm -rf "$dir/js.old"
cp -r "$dir/js" "$dir/js.old"
start_stream
served
wrong_guesses 20
whole "before the loss"
stop_stream
lose
start_stream
served
wrong_guesses 1
whole "after the newest was lost"

# and, while no service runs.
all_sent
kill9 "$first"
stop_stream
lose
start_stream
start with-stream TWOFOLD_AUDIT_FAILURES=0
whole "after a loss that nobody saw"
says "$dir/with-stream.log" "lost"
end "$pid"
end "$nats_pid"

# ---- Without: the bus takes nothing at first ----

rm -rf "$dir/data" "$dir/data.keyring"
nats_port=''
audit_may nothing
start_nats "$dir/nats.conf"
start first "${audit_login[@]}" TWOFOLD_AUDIT_FAILURES=0
first=$pid
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
start second "${audit_login[@]}" TWOFOLD_AUDIT_FAILURES=0
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

#!/bin/bash
# Goal: an operator's tools for the audit trail. The public keys are told without bus and database; the stream
# is made, shown, and judged; events that it has lost are sent again, none is ever stored twice, also beside a
# running service and when the tool is killed; and each thing that can be wrong is said in so many words.
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/audit_lib.sh"
export TWOFOLD_AUDIT_FAILURES=0 TWOFOLD_DATA_DIR=$dir/data
audit() { "$bin/twofoldd" audit "$@"; }
# ends CODE TEXT WORD...: the tool ends with CODE and says TEXT.
ends() {
    local expected=$1 text=$2 code=0
    shift 2
    audit "$@" >"$dir/out.txt" 2>&1 </dev/null || code=$?
    [ $code = "$expected" ] || fail "audit $* ended with $code: $(cat "$dir/out.txt")"
    says "$dir/out.txt" "$text"
}
# keys_told: "ID LENGTH-IN-BYTES" of each, from a line that must be JSON.
keys_told() {
    audit keys | node -e 'const { keys } = JSON.parse(require("fs").readFileSync(0, "utf8"));
        for (const { id, public_key } of keys) console.log(id, Buffer.from(public_key, "base64").length)'
}

# ---- keys ----

ends 2 'audit needs a command'
ends 2 'no such command' turn
for command in keys stream resend; do
    ends 0 "$command" --help
    ends 0 "usage: twofoldd audit $command" $command --help
done
ends 1 'no keyring' keys
"$bin/twofoldd" keys init >/dev/null
expect "a new keyring's key" "$(keys_told)" "1 32"
"$bin/twofoldd" keys add >/dev/null
expect "keys of two" "$(keys_told | sort)" "$(printf '1 32\n2 32')"
ends 2 'more than the command takes' keys 1

# ---- stream ----

# A bus that is away is waited for, but not for ever.
TWOFOLD_NATS_URL=nats://127.0.0.1:1 ends 1 'cannot be reached' stream
start_nats
ends 1 'the bus has no JetStream' stream
ends 1 'TWOFOLD_AUDIT_STREAM is off' stream --audit-stream off
end "$nats_pid"
rm -f "$dir"/*.ports
printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/js.conf"
start_nats "$dir/js.conf"
audit_url=$url
ends 1 'there is no stream TWOFOLD_AUDIT; make it with `twofoldd audit stream --create`' stream
ends 1 'nats stream add TWOFOLD_AUDIT' stream
ends 1 'there is no stream' stream --reader archive
ends 0 'made the stream TWOFOLD_AUDIT' stream --create
js STREAM.INFO.TWOFOLD_AUDIT >"$dir/info.txt"
says "$dir/info.txt" '"deny_delete":true,"deny_purge":true'
ends 0 'nothing was ever stored' stream --create
! grep -q 'made\|Weaker' "$dir/out.txt" || fail "made twice: $(cat "$dir/out.txt")"
ends 2 'a value is missing or empty' stream --reader=
ends 2 "a reader's name is" stream --reader 'a.b'
ends 0 'Reader archive' stream --reader archive
ends 0 'Reader archive' stream --reader archive
js CONSUMER.INFO.TWOFOLD_AUDIT.archive >"$dir/info.txt"
says "$dir/info.txt" '"ack_policy":"all"'
js STREAM.CREATE.OTHER '{"name":"OTHER","subjects":["other.>"]}' >/dev/null
ends 1 'the stream OTHER is not one for the audit trail' stream --create --audit-stream OTHER
js STREAM.DELETE.TWOFOLD_AUDIT >/dev/null

# stream_config WINDOW [MORE]: of a stream that knows ids for so many nanoseconds, and from which messages can be
# deleted.
stream_config() {
    printf '{"name":"TWOFOLD_AUDIT","subjects":["twofold.audit.v1.>"],"duplicate_window":%s%s}' "$1" "${2:-}"
}
make_stream() { js STREAM.CREATE.TWOFOLD_AUDIT "$(stream_config "$@")" >/dev/null; }
# make_weak [MORE]: one that forgets ids soon, so that no second message is recognised.
make_weak() { make_stream 100000000 "$@"; }
make_weak
ends 0 'Weaker than wished: messages can be deleted' stream

# ---- resend ----

# stored: how many messages; ids: those of the events in the stream.
stored() { js STREAM.INFO.TWOFOLD_AUDIT | sed -nE 's/.*"messages":([0-9]+).*/\1/p'; }
ids() {
    export_trail
    sed -E 's/.*"id": *"([^"]*)".*/\1/' "$trail" | sort
}
# whole WHEN: every event of $dir/ids.txt is there, and none twice.
whole() {
    ids >"$dir/now.txt"
    uniq -d "$dir/now.txt" >"$dir/wrong.txt"
    comm -23 "$dir/ids.txt" "$dir/now.txt" >>"$dir/wrong.txt"
    expect "ids that are there twice, or not at all, $1" "$(wc -l <"$dir/wrong.txt")" 0
}
delete() { for seq in "$@"; do js STREAM.MSG.DELETE.TWOFOLD_AUDIT "{\"seq\":$seq}" >/dev/null; done; }
# resent SENT THERE WORD...: what it reports.
resent() {
    local sent=$1 there=$2
    shift 2
    ends 0 "$sent sent again, $there there already" resend "$@"
}

ends 2 '--from is missing' resend
ends 2 '--from is no time' resend --from yesterday
ends 2 '--to is no time' resend --from 1h --to=2026-02-30
ends 2 '--from is later than --to' resend --from 1h --to 2h
TWOFOLD_DATA_DIR=$dir/nowhere TWOFOLD_KEYRING_FILE=$dir/data.keyring \
    ends 1 'there is no database' resend --from 1h

start service TWOFOLD_AUDIT_CHECKPOINT_SECONDS=3600
service=$pid
import_users ada 4
wrong=$(wrong_code)
echo "50* Verification.Verify username=ada-1 code=$wrong" | ask >/dev/null
all_sent
n=$(stored)
[ "$n" -ge 58 ] || fail "$n messages for 58 events"
ends 1 'that is too long ago: events are kept back to' resend --from 2020-01-01 --to 2020-01-02
ends 1 'there is no event in that time' resend --from 2100-01-01 --to 2100-01-02
sleep 0.3 # longer than the stream knows ids
resent 0 "$n" --from 1h
expect "messages after nothing was missing" "$(stored)" "$n"
ids >"$dir/ids.txt"

delete 7 20 21
resent 3 $((n - 3)) --from 1h
all_sent
expect "messages after three came back" "$(stored)" $((n + 1))
whole "after three came back"
node "$order" "$trail" >"$dir/types.txt" || true # they are not in order
expect "events told as sent again" "$(told audit.resent)" 3
sleep 0.3
resent 0 $((n + 1)) --from 1h

# Beside a service that is busy: what it is sending at the moment is its own affair.
while :; do echo "20* Verification.Verify username=ada-2 code=$wrong" | ask >/dev/null; done &
busy=$!
pids+=("$busy")
for seq in 3 9 11; do
    delete $seq
    ends 0 '1 sent again' resend --from 1h
done
end "$busy"
all_sent
whole "beside a busy service"

# The service has ended; the stream is gone. A stream that takes a part only stops the tool, and what it took
# is told, with what else was under way (256 at once); the rest follows when there is room.
end "$service"
n=$(stored)
ids >"$dir/ids.txt"
js STREAM.DELETE.TWOFOLD_AUDIT >/dev/null
ends 1 'there is no stream TWOFOLD_AUDIT' resend --from 1h
make_weak ',"discard":"new","max_msgs":40'
ends 1 'does not take an event: maximum messages exceeded' resend --from 1h
says "$dir/out.txt" "40 sent again, 0 there already, $(((n < 256 ? n : 256) - 40)) refused"
expect "messages in a full stream" "$(stored)" 40
js STREAM.UPDATE.TWOFOLD_AUDIT "$(stream_config 100000000 ',"discard":"new"')" >/dev/null
resent $((n - 40)) 40 --from 1h
whole "after a full stream"

# A stream from which a message was deleted takes it for stored as long as it remembers the id: that is said.
js STREAM.DELETE.TWOFOLD_AUDIT >/dev/null
make_stream 3600000000000
resent "$n" 0 --from 1h
delete 7 20
ends 1 '2 events are missing in the stream, which still remembers the id' resend --from 1h
says "$dir/out.txt" "0 sent again, $((n - 2)) there already"
expect "messages while two are remembered" "$(stored)" $((n - 2))
js STREAM.UPDATE.TWOFOLD_AUDIT "$(stream_config 100000000)" >/dev/null
sleep 0.3
resent 2 $((n - 2)) --from 1h
whole "after two were remembered"

# Killed at any moment, and given again: nothing is stored twice, nothing is left out.
halves=0
for delay in $(seq 5 24); do
    js STREAM.DELETE.TWOFOLD_AUDIT >/dev/null
    make_weak
    "$bin/twofoldd" audit resend --from 1h >"$dir/killed.txt" 2>&1 &
    killed=$!
    pids+=("$killed")
    sleep "$(printf '0.%03d' $((2 * delay)))" # at any moment: that is what is tried
    kill9 "$killed"
    sleep 0.15 # what it has said to the server arrives; longer than the stream knows ids
    m=$(stored)
    [ "$m" = 0 ] || [ "$m" = "$n" ] || halves=$((halves + 1))
    resent $((n - m)) "$m" --from 1h
    expect "messages after a kill" "$(stored)" "$n"
done
echo "killed 20 times, $halves times half-way"
whole "after the last kill"

# A login that may not read the stream: only what the stream knows by its id is sent, of a stream that is known
# to know it; the rest is told.
end "$nats_pid"
rm -f "$dir"/*.ports
# shellcheck disable=SC2016
audit_may 'twofold.audit.v1.>", "$JS.API.STREAM.INFO.TWOFOLD_AUDIT'
cat "$dir/js.conf" >>"$dir/nats.conf"
start_nats "$dir/nats.conf"
audit_url=$url
export TWOFOLD_AUDIT_NATS_NKEY_FILE=$dir/seed
ends 1 'is weaker than wished' resend --from 1h
ends 1 'this login may not ask for the stream' stream --create --audit-stream OTHER
ends 1 'this login may not make readers' stream --reader second
js STREAM.DELETE.TWOFOLD_AUDIT >/dev/null
ends 1 'this login may not make the stream' stream --create
TWOFOLD_AUDIT_NATS_NKEY_FILE='' ends 0 'made the stream' stream --create
resent "$n" 0 --from 1h
resent 0 "$n" --from 1h
expect "messages in a good stream" "$(stored)" "$n"
faketime=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
if [ -n "$faketime" ] && ! is_sanitized; then
    LD_PRELOAD=$faketime FAKETIME=+2h ends 1 "$n events are older than the stream remembers ids" resend --from 3h
    expect "messages after two hours" "$(stored)" "$n"
    TWOFOLD_AUDIT_NATS_NKEY_FILE='' LD_PRELOAD=$faketime FAKETIME=+2h resent 0 "$n" --from 3h
fi

# No database is harmed, no service held up: it starts on what the tool has left.
unset TWOFOLD_AUDIT_NATS_NKEY_FILE
start again
all_sent
whole "in the end"

# What is no event any more is left out, and told.
end "$pid"
"$tools/unreadable_event" "$dir/data" "$dir/data.keyring"
n=$(stored)
ends 1 '1 event is unreadable in the database, and cannot be sent' resend --from 1h
says "$dir/out.txt" "0 sent again, $n there already, 1 unreadable, left out"

#!/bin/bash
# Goal: who deletes one message of the trail, edits one byte, or cuts off its end, is found out: `twofold audit
# verify` names the user and the events. What was deleted comes back by `twofoldd audit resend`.
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/audit_lib.sh"
export TWOFOLD_AUDIT_FAILURES=0
# A stream that somebody made, of which messages can be deleted, and which forgets ids soon.
window_s=1
config='{"name":"TWOFOLD_AUDIT","subjects":["twofold.audit.v1.>"],"retention":"limits","storage":"file",
 "discard":"new","max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msg_size":-1,"max_consumers":-1,"num_replicas":1,
 "duplicate_window":'${window_s}000000000'}'

field() { node -e '
    const [file, where, what] = process.argv.slice(1);
    for (const line of require("fs").readFileSync(file, "utf8").split("\n").filter(Boolean)) {
        const e = JSON.parse(line);
        if (new Function("e", "d", `return ${where}`)(e, e.data)) console.log(new Function("e", "d", `return ${what}`)(e, e.data));
    }' "$@"; }
verify() { cli audit verify "$@" >"$dir/verify.txt" 2>"$dir/verify.err"; }
whole() { verify "$@" || fail "verify finds something: $(head -n 20 "$dir/verify.txt" "$dir/verify.err")"; }
# found WHAT PATTERN [FILE...]: verify must fail, and say PATTERN.
found() {
    local what=$1 pattern=$2
    shift 2
    if verify "$@"; then fail "verify does not see: $what"; fi
    grep -qE "$pattern" "$dir/verify.txt" || fail "$what: verify does not say '$pattern':
$(head -n 20 "$dir/verify.txt" "$dir/verify.err")"
    echo "$what: $(grep -m 1 -E "$pattern" "$dir/verify.txt")"
}
delete() { js STREAM.MSG.DELETE.TWOFOLD_AUDIT "{\"seq\":$1}" >/dev/null; }
resend() {
    sleep "$window_s.5"
    "$bin/twofoldd" audit resend --from 1h --to 0s >"$dir/resend.txt" 2>&1 ||
        fail "resend: $(cat "$dir/resend.txt")"
    tail -n 1 "$dir/resend.txt"
}

start_nats
stop_nats
printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/nats.conf"
start_nats "$dir/nats.conf"
audit_url=$url
js STREAM.CREATE.TWOFOLD_AUDIT "$config" >/dev/null
export TWOFOLD_DATA_DIR=$dir/data
start service
import_users ada 20
wrong=$(wrong_code)
# guesses N: by each user.
guesses() { for i in $(seq 20); do echo "$1* Verification.Verify username=ada-$i code=$wrong"; done | ask >"$dir/guesses.txt"; }
guesses 8
cli audit checkpoint >"$dir/anchor"
all_sent
whole
export_trail
cp "$trail" "$dir/good.json"
whole --anchor "$dir/anchor" "$dir/good.json"

# One message of the living stream.
victim=$(field "$trail" 'd.username === "ada-7" && d.sequence === 4' 'e.streamsequence')
delete "$victim"
found "one message deleted" '^gap: user ada-7 of default: 4 is missing'
expect "events that verify misses" "$(missing)" 1
resend
whole

# The last hundred that there were; at once, and after more has happened to everybody.
last=$(field "$trail" 'true' 'e.streamsequence' | tail -n 1)
for seq in $(seq $((last - 99)) "$last"); do delete "$seq"; done
found "the last 100 cut off" '^gap: organization default: 2 is missing'
guesses 1
all_sent
found "the last 100 cut off, and the service goes on" '^gap: user ada-20 of default: 3 to 11 are missing'
expect "events that verify misses" "$(missing)" 100
resend
whole

# The same in a file.
head -n -100 "$dir/good.json" >"$dir/cut.json"
found "the last 100 cut off in a file" '^end: organization default: 2 is missing' --anchor "$dir/anchor" "$dir/cut.json"
grep -v "\"streamsequence\": *${victim}[,}]" "$dir/good.json" >"$dir/gap.json"
found "one line deleted" '^gap: user ada-7 of default: 4 is missing' --anchor "$dir/anchor" "$dir/gap.json"

# One byte, within a text of the event, in the file and in a stream on another bus.
edit() { node -e '
    const [file, at] = process.argv.slice(1);
    for (const line of require("fs").readFileSync(file, "utf8").split("\n").filter(Boolean)) {
        const e = JSON.parse(line);
        if (e.streamsequence === Number(at)) {
            const b = Buffer.from(e.protobuf, "base64");
            b[b.indexOf("verification.failed") + 13] ^= 1; // "gailed"
            e.protobuf = b.toString("base64");
        }
        console.log(JSON.stringify(e));
    }' "$@"; }
edited=$(field "$dir/good.json" 'd.username === "ada-9" && d.sequence === 5' 'e.streamsequence')
edit "$dir/good.json" "$edited" >"$dir/edited.json"
found "one byte edited in a file" '^changed: user ada-9 of default: 5 \(line [0-9]+\) was changed' --anchor "$dir/anchor" "$dir/edited.json"

end "$pid"
stop_nats
rm -rf "$dir/js"
start_nats "$dir/nats.conf"
audit_url=$url
js STREAM.CREATE.TWOFOLD_AUDIT "$config" >/dev/null
while IFS=$'\t' read -r subject body; do
    base64 -d <<<"$body" | "$tools/bus_ask" "$url" "$subject" - >/dev/null
done < <(field "$dir/edited.json" true '`twofold.audit.v1.${e.org}.${d.type}\t${e.protobuf}`')
found "one byte edited in a stream" '^gap: user ada-9 of default: 5 is missing' --anchor "$dir/anchor"

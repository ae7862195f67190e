#!/bin/bash
# Goal: twofold audit verify finds nothing wrong with a trail that is whole, on the bus and in a file; and
# whatever is done to the stream or to an export, it names it and ends with 1.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$dir/nats.conf" <<END
jetstream { store_dir: "$dir/js" }
no_auth_user: admin
authorization {
  users: [
    { user: admin, password: admin }
    { user: reader, password: reader, permissions: {
        publish: ["\$JS.API.>", "\$JS.ACK.>"], subscribe: "_INBOX.>" } }
  ]
}
END
start_nats "$dir/nats.conf"
at=127.0.0.1:${url##*:} js=\$JS.API

# raw SUBJECT [TEXT]: a message of a stranger, and the server has it when this returns.
raw() {
    local line=''
    exec 4<>"/dev/tcp/127.0.0.1/${at##*:}"
    printf 'CONNECT {"verbose":false}\r\nPUB %s %d\r\n%s\r\nPING\r\n' "$1" "${#2}" "$2" >&4
    until [[ $line == PONG* ]]; do IFS= read -r -t 10 -u 4 line || fail "the server does not answer $1"; done
    exec 4>&-
}
# A stream that lets messages be deleted: another owner's choice.
raw "$js.STREAM.CREATE.TWOFOLD_AUDIT" \
    '{"name":"TWOFOLD_AUDIT","subjects":["twofold.audit.v1.>"],"storage":"file","retention":"limits","num_replicas":1}'
start_service one
serving one
guess() { echo 000000 | cli verify "$1" >/dev/null 2>&1 || true; }
live() {
    for _ in $(seq "$2"); do guess "$1"; done
}
enroll alice
echo 'correct horse' | cli user put bob >/dev/null
live alice 3
live bob 4
live nobody 2
# A name that would deceive whoever reads the findings.
guess 'eve" of default: 1 is missing'
# One who goes, and another one who comes under the same name, between two checkpoints.
echo 'correct horse' | cli user put carol >/dev/null
cli user delete carol >/dev/null
echo 'correct horse' | cli user put carol >/dev/null

# verify ARGUMENT...: into $dir/found.txt; its exit code is in $code.
verify() {
    code=0
    timeout 120 "$bin/twofold" audit verify "$@" >"$dir/found.txt" 2>"$dir/found.err" || code=$?
}
whole() {
    verify "$@"
    [ $code = 0 ] || fail "exit $code, verify $*: $(cat "$dir/found.txt" "$dir/found.err")"
    says "$dir/found.txt" 'nothing is missing, doubled or changed: '
}
# finds PATTERN ARGUMENT...: a line of the findings is that.
finds() {
    local pattern=$1
    shift
    verify "$@"
    [ $code = 1 ] || fail "exit $code instead of 1, verify $*: $(cat "$dir/found.txt" "$dir/found.err")"
    grep -qE -- "$pattern" "$dir/found.txt" || fail "verify $* does not say '$pattern': $(cat "$dir/found.txt")"
}

# ---- the bus ----
whole
# Several organizations: each has an end of its own, which the service is asked for.
cli --org other policy set mode=optional >/dev/null
echo 'correct horse' | cli --org other user put alice >/dev/null
whole
whole --all-orgs
says "$dir/found.txt" '2 organizations'
verify --json
[ $code = 0 ] || fail "with --json: $(cat "$dir/found.txt")"
says "$dir/found.txt" '"findings":0'

# One file may anchor several organizations; only those that are read must be there.
(cli audit checkpoint; cli --org other audit checkpoint) >"$dir/anchor"
whole --anchor "$dir/anchor"
whole --org other --anchor "$dir/anchor"
cp "$dir/anchor" "$dir/anchor2"
# And the service is asked for the newer end all the same.
echo 'correct horse' | cli --org other user put zed >/dev/null
cli --org other audit checkpoint >/dev/null

# An archive: what to trust is made before it, and kept apart.
cli audit checkpoint >"$dir/anchor"
says "$dir/anchor" '{"org":"default","sequence":'
cli audit export --out "$dir/export" 2>/dev/null
n=$(wc -l <"$dir/export")
[ "$n" -ge 15 ] || fail "only $n events were exported"
whole --anchor "$dir/anchor" "$dir/export"
whole --anchor "$dir/anchor"
whole --anchor "$dir/anchor" -- - <"$dir/export"
grep -oE '"keys":.*' "$dir/anchor" | sed 's/^/{/' >"$dir/keys"
finds '^unproven: organization default: ' --anchor "$dir/keys" "$dir/export"
[ "$(grep -c : "$dir/found.txt")" = 2 ] || fail "more than the end: $(cat "$dir/found.txt")"
finds '^no_keys: ' "$dir/export"
sed -E 's/"public_key":"[^"]*"/"public_key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="/' "$dir/keys" >"$dir/other.keys"
finds '^signature: organization default: ' --anchor "$dir/other.keys" "$dir/export"

# An organization that is silent for longer than that still ends where it did.
sleep 2
whole --since 1s
says "$dir/found.txt" 'nothing is missing, doubled or changed: 0 events'
# A reader with a name goes on where it was.
whole --durable checker
whole --durable checker
says "$dir/found.txt" 'nothing is missing, doubled or changed: 0 events'
live alice 1
whole --durable checker

# ---- the file ----
# Every event in turn is taken out: by whom and which it was is said.
for line in $(seq "$n"); do
    ! sed -n "${line}p" "$dir/export" | grep -q 'eve' || continue
    user=$(sed -n "${line}p" "$dir/export" | grep -oE '"username":"[^"]*"' | head -n 1 | cut -d'"' -f4)
    number=$(sed -n "${line}p" "$dir/export" | grep -oE '"sequence":[0-9]+' | head -n 1 | cut -d: -f2)
    who="user $user of default"
    [ -n "$user" ] || who='organization default'
    [ "$number" != 0 ] || number='an event without number'
    sed "${line}d" "$dir/export" >"$dir/cut"
    [ "$who $number" != 'user carol of default 1' ] || number='[12]' # the second life has that number too
    finds "^((gap|end): $who: $number is missing|signed: $who: $number )" --anchor "$dir/anchor" "$dir/cut"
done
sed '/eve/d' "$dir/export" >"$dir/cut"
finds '^gap: user "eve.. of default: 1 is missing" of default: an event without number is missing' \
    --anchor "$dir/anchor" "$dir/cut"
(cat "$dir/export"; sed -n 4p "$dir/export") >"$dir/cut"
finds "^duplicate: user alice of default: [0-9]+ stands in line 4 and again in line $((n + 1))" --anchor "$dir/anchor" "$dir/cut"
head -n 5 "$dir/export" >"$dir/cut"
finds '^end: organization default: .* missing' --anchor "$dir/anchor" "$dir/cut"
# Somebody edits what people read, or the bytes, or both.
sed '5s/"outcome":"[A-Z]*"/"outcome":"OTHER"/' "$dir/export" >"$dir/cut"
finds '^foreign: line 5 says in words other things than in its bytes' --anchor "$dir/anchor" "$dir/cut"
sed -E '5s/("protobuf":"[^"]{60})(.)/\1A/' "$dir/export" >"$dir/cut"
cmp -s "$dir/cut" "$dir/export" && sed -E '5s/("protobuf":"[^"]{60})(.)/\1B/' "$dir/export" >"$dir/cut"
finds '^(changed|gap): user alice of default: ' --anchor "$dir/anchor" "$dir/cut"
(echo 'no JSON'; echo '{}'; echo '{"protobuf":"*"}'; cat "$dir/export") >"$dir/cut"
finds '^foreign: line 1 is no JSON object' --anchor "$dir/anchor" "$dir/cut"
says "$dir/found.txt" 'foreign: line 2 has no member protobuf'
says "$dir/found.txt" 'foreign: line 3 has a member protobuf that is no base64'
says "$dir/found.txt" '3 findings: '
# Also when something is taken away that people read, or put beside it.
for edit in 's/"reason":"[A-Z_]*",//' 's/"data":{/&"note":"approved",/' 's/"data":{/&"span":{"count":9,"first_unix_ms":1,"last_unix_ms":2},/' \
    's/"specversion":"1.0"/&,"note":"approved"/' 's/"data":{.*}$/"data":{}}/'; do
    sed "5$edit" "$dir/export" >"$dir/cut"
    ! cmp -s "$dir/cut" "$dir/export" || fail "$edit changes nothing"
    finds '^foreign: line 5 says in words other things than in its bytes' --anchor "$dir/anchor" "$dir/cut"
done
# A line without end does not fill the memory. (The sanitizers want more than any limit.)
(cat "$dir/export"; head -c 100000000 /dev/zero; echo; sed -n 4p "$dir/export") >"$dir/cut"
(
    grep -q __asan_init "$bin/twofold" || ulimit -v 90000
    finds '^duplicate: user alice of default: ' --anchor "$dir/anchor" "$dir/cut"
)
# The order does not matter: what was lost and sent again comes late.
(tail -n +8 "$dir/export"; head -n 7 "$dir/export") >"$dir/cut"
whole --anchor "$dir/anchor" "$dir/cut"
: >"$dir/nothing"
finds '^end: ' --anchor "$dir/anchor" "$dir/nothing"
finds '^unproven: ' "$dir/nothing"
# Where the beginning may be missing.
tail -n +6 "$dir/export" >"$dir/cut"
finds '^gap: user alice of default: 1 to ' --anchor "$dir/anchor" "$dir/cut"
whole --since 1h --anchor "$dir/anchor" "$dir/cut"
# Wrong usage.
for wrong in "$dir/none" "--anchor $dir/none $dir/export" "--anchor $dir/nothing $dir/export" \
    "--anchor $dir/export $dir/export" "--since yesterday $dir/export" "--all-orgs $dir/export"; do
    # shellcheck disable=SC2086
    verify $wrong
    [ $code = 2 ] || fail "exit $code instead of 2: $wrong"
done

# ---- a bus that is not whole ----
raw twofold.audit.v1.default.login.failed 'no event'
finds '^foreign: message [0-9]+ ' --anchor "$dir/anchor"
says "$dir/found.txt" '1 finding: '
# A message is deleted from the stream.
victim=$(sed -n 6p "$dir/export")
message=$(grep -oE '"streamsequence":[0-9]+' <<<"$victim" | cut -d: -f2)
number=$(grep -oE '"sequence":[0-9]+' <<<"$victim" | head -n 1 | cut -d: -f2)
raw "$js.STREAM.MSG.DELETE.TWOFOLD_AUDIT" "{\"seq\":$message}"
finds "^gap: user alice of default: $number is missing"
says "$dir/found.err" 'twofoldd audit resend may mend what is missing'
# A login that may read, but not ask the service: what it cannot prove is said.
TWOFOLD_NATS_URL=nats://reader:reader@$at finds '^unproven: organization default: '
says "$dir/found.err" 'the service does not say where the trail ends'
# The newest of another organization, behind the anchor: first all that is told about that user.
cli audit export --all-orgs --out "$dir/all" 2>/dev/null
for message in $(grep '"org":"other"' "$dir/all" | tail -n 2 | grep -oE '"streamsequence":[0-9]+' | cut -d: -f2); do
    raw "$js.STREAM.MSG.DELETE.TWOFOLD_AUDIT" "{\"seq\":$message}"
done
finds '^end: organization other: ' --all-orgs --anchor "$dir/anchor2"
# Keys that were given are believed, and not those that come over the bus: who answers there may be anybody.
finds '^signature: ' --anchor "$dir/other.keys"

# The service is gone, and with it everybody who knows how the trail went on: an anchor does.
live bob 3
cli audit checkpoint >"$dir/anchor"
kill "$pid"
ended "$pid"
raw "$js.STREAM.PURGE.TWOFOLD_AUDIT" '{"keep":0}'
finds '^end: organization default: 1 to [0-9]+ are missing' --anchor "$dir/anchor"
says "$dir/found.err" 'is twofoldd running, and on this bus?'
stop_nats
verify --timeout 1
[ $code = 3 ] || fail "exit $code instead of 3 without a bus"

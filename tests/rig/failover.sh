# Sourced by tests/rig.sh, with the rig of hardened.sh up: one of two instances dies under load, then the bus does.
# shellcheck shell=bash

users=2000 workers=16
number() { grep -oE "\"$1\": ?[0-9]+" "$2" | grep -oE '[0-9]+$'; }

# Two kinds of callers: those who send again themselves what had no answer, and those who leave it to the library.
for kind in plain patient; do
    compose 60 run --rm -T client users --users $users --prefix $kind 2>"$logs/users.log"
done >"$logs/users.jsonl"
as acme-admin acme import --file - <"$logs/users.jsonl" >"$logs/import.log" 2>&1 || { cat "$logs/import.log"; fail "users were not imported"; }
ok "users for the load: $(tail -n 1 "$logs/import.log")"

# load KIND SECONDS OPTION...: its report is in $logs/KIND.json.
load() {
    local kind=$1 seconds=$2
    shift 2
    compose $((seconds + 90)) run --rm -T client --users $users --prefix "$kind" --workers $workers --pace 100 --seconds "$seconds" "$@" \
        >"$logs/$kind.json" 2>"$logs/$kind.log"
}
loads_begin() {
    load plain "$1" --timeout-ms 2000 &
    plain=$!
    load patient "$1" --timeout-ms 20000 --try-ms 500 &
    patient=$!
    for kind in plain patient; do
        within 40 grep -qE '[1-9]' "$logs/$kind.log" || fail "the load did not begin: $(cat "$logs/$kind.log")"
    done
}
loads_end() {
    wait "$plain" || { tail -n 20 "$logs/plain.log"; cat "$logs/plain.json"; fail "$1: a call had no answer, or a wrong one"; }
    wait "$patient" || { tail -n 20 "$logs/patient.log"; cat "$logs/patient.json"; fail "$1: a call of the library had no answer, or a wrong one"; }
    [ "$(number wrong_answers "$logs/plain.json")$(number unanswered "$logs/plain.json")" = 00 ] || fail "$1: $(cat "$logs/plain.json")"
    [ "$(number calls "$logs/plain.json")" -ge 200 ] || fail "$1: too few calls to tell: $(cat "$logs/plain.json")"
    [ "$(number failed_first_try "$logs/patient.json")" = 0 ] || fail "$1: a call that the library repeats failed: $(cat "$logs/patient.json")"
}
told() {
    echo "$(number calls "$logs/plain.json") calls, $(number failed_first_try "$logs/plain.json") failed of those in flight," \
        "$(number retried_ok "$logs/plain.json") of them answered truly when sent again; of $(number calls "$logs/patient.json")" \
        "calls that the library repeats none failed"
}

# The second one stands still for a moment before it dies, so that there is something in flight for certain.
loads_begin 16
sleep 2
kill_hard twofoldd 1
within 30 both_answer || fail "instance 1 does not come back by itself"
sleep 2
second=$(inspect '{{.State.Pid}}' "$(container twofoldd 2)")
kill -STOP "$second"
sleep 0.3
kill -9 "$second"
gone_ms=$(now_ms)
within 30 both_answer || fail "instance 2 does not come back by itself"
loads_end "instances killed"
[ "$(number failed_first_try "$logs/plain.json")" -le $((2 * workers)) ] || fail "more failed than were in flight: $(cat "$logs/plain.json")"
[ "$(number retried_ok "$logs/plain.json")" -gt 0 ] || fail "nothing was in flight, so nothing was shown: $(cat "$logs/plain.json")"
[ "$(number last_failed_sent_ms "$logs/plain.json")" -le $((gone_ms + 1000)) ] || fail "a call failed that was sent after the kill: $(cat "$logs/plain.json")"
ok "two kills -9 under load: $(told)"
within 60 both_answer || fail "a killed instance did not come back"
for n in 1 2; do within 60 well twofoldd $n || fail "twofoldd $n is not healthy again"; done
ok "both came back by themselves and are healthy"

loads_begin 12
sleep 3
kill_hard nats
loads_end "the bus killed"
ok "the bus killed -9 under load: $(told)"
for service in 'twofoldd 1' 'twofoldd 2' nats; do
    # shellcheck disable=SC2086
    within 60 well $service || fail "$service is not healthy again"
done
ok "nats and both instances are healthy again"

check "an instance that is stopped answers first" compose 60 stop -t 30 twofoldd
[ "$(inspect '{{.State.ExitCode}}' "$(container twofoldd)")" = 0 ] || fail "exit code $(inspect '{{.State.ExitCode}}' "$(container twofoldd)")"
refused "without an instance a call says so" 'no instance|nobody|running' as acme-verifier acme status alice
compose 60 start twofoldd >/dev/null 2>&1
within 30 both_answer || fail "the instances do not answer after start"
# The trail is whole after all of that.
reader() { compose 60 run --rm -T -e TWOFOLD_AUDIT_NATS_NKEY_FILE=/authority/logins/provision.nk -v "${project}_authority:/authority:ro" \
    operator audit stream --reader archive --inbox-prefix _INBOX.provision; }
check "a reader of the trail is made" reader
compose 60 run --rm -T operator audit anchor >"$logs/anchor.json"
# What the anchor knows may still be on its way: export goes on where it stopped.
whole() {
    as audit-reader default --js-domain TWOFOLD audit export --all-orgs --durable archive >>"$logs/trail.ndjson" &&
        timeout 60 docker run --rm --network=none --entrypoint twofold -v "$logs:/logs:ro" twofold:rig \
            audit verify --anchor /logs/anchor.json /logs/trail.ndjson >"$logs/verify.log" 2>&1
}
within 30 whole || { tail "$logs/verify.log"; fail "the audit trail is not whole"; }
ok "the audit trail is whole: $(tail -n 1 "$logs/verify.log")"

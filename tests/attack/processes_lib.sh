# Sourced by the scripts of processes.cmake: many users with one known secret, many requests at once
# (processes_ask), the audit trail on paper (processes_audit), processes that are killed.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
tools=$bin/../tests
# Of every user that import_users makes; `otp` of lib.sh takes it.
secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP

printf -- '---' >"$dir/fault"

is_sanitized() { grep -qa __asan_init "$bin/twofoldd"; }
# LD_PRELOAD and AddressSanitizer exclude each other.
shipped_only() {
    ! is_sanitized || { echo "skipped: LD_PRELOAD does not go with sanitizers"; exit 77; }
}

# ask [NAME=VALUE...]: requests from standard input, a verdict a line to standard output.
ask() { "$tools/processes_ask" "$@"; }
# count VERDICT FILE
count() { awk -v verdict="$1" '$1 == verdict { n++ } END { print n + 0 }' "$2"; }
# verdict of the single request that the arguments are.
ask_one() { echo "$*" | ask | cut -d ' ' -f 1; }
# verify USER CODE
verify() { ask_one "Verification.Verify username=$1 code=$2"; }
# expect WHAT IS WANTED
expect() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }

# import_users PREFIX N: PREFIX-1 to PREFIX-N, with a password and an authenticator that shows `otp`.
import_users() {
    local i lines=()
    for i in $(seq "$2"); do
        lines+=("Admin.PutUser username=$1-$i password=correct-horse")
        [ $((i % 32)) != 0 ] || lines+=('')
    done
    lines+=('')
    for i in $(seq "$2"); do
        lines+=("Admin.ImportAuthenticator username=$1-$i otpauth_uri=otpauth://totp/X:$1-$i?secret=$secret&issuer=X")
    done
    printf '%s\n' "${lines[@]}" | ask until_decided=1 timeout_ms=60000 >"$dir/import.txt"
    expect "users imported" "$(count OK "$dir/import.txt")" $((2 * $2))
}

# start NAME [ENV=VALUE...]: start_service until it serves. The log of its namesake before is put aside, or
# its "serving" would be taken for that of this one.
started=0
start() {
    started=$((started + 1))
    [ ! -e "$dir/$1.log" ] || mv "$dir/$1.log" "$dir/before-$started.log"
    start_service "$@"
    serving "$1"
}
# start_services N [ENV=VALUE...]: service-1 to service-N on one data folder; pids in $services.
start_services() {
    local i n=$1
    shift
    services=()
    for i in $(seq "$n"); do
        start "service-$i" "$@"
        services+=("$pid")
    done
}
kill9() {
    kill -9 "$@" 2>/dev/null || true
    for pid in "$@"; do wait "$pid" 2>/dev/null || true; done
}
# A code that neither this nor a neighbouring step shows.
wrong_code() {
    local code right
    right=" $(otp -2) $(otp -1) $(otp 0) $(otp 1) $(otp 2) "
    for code in 123456 234567 345678 456789 567890 678901; do
        [[ $right == *" $code "* ]] || { echo $code; return; }
    done
}
# A code that stays good for the next SECONDS: waits for the next step if this one ends before.
fresh_code() {
    while [ $(($(date +%s) % 30 + $1)) -ge 60 ]; do sleep 0.2; done
    otp 0
}

# Faults on demand in the service, see processes_fault.c: start it with "${faulty[@]}".
# shellcheck disable=SC2034
faulty=(LD_PRELOAD="$tools/processes_fault.so" FAULT_CONTROL="$dir/fault")
# arm WHERE WHAT; fault_happened waits until it did; disarm lets it go on.
arm() { printf '%s' "$1$2-" | dd of="$dir/fault" conv=notrunc status=none; }
disarm() { arm - -; }
fault_happened() { await "$dir/fault" '^..y'; }

# A login of its own for the audit trail: start a service with "${audit_login[@]}" on a nats-server with
# $dir/nats.conf. audit_may SUBJECTS: what it may publish there.
# shellcheck disable=SC2034
audit_login=(TWOFOLD_AUDIT_NATS_NKEY_FILE="$dir/seed")
audit_may() {
    (umask 077 && echo SUAKINP3Z2BPUXWOFSW2FZC7TFJCMMU7DHKP2C62IJQUDASOCDSTDTRMJQ >"$dir/seed")
    cat >"$dir/nats.conf" <<CONF
authorization { users = [
    { user: all, password: all },
    { nkey: UB57IEMPG4KOTPFV5A66QKE2HZ3XBXFHVRCCVMJEWKECMVN2HSH3VTSJ,
      permissions: { publish: [ "$1" ], subscribe: [ ">" ] } } ] }
no_auth_user: all
CONF
}

# fill_up: users with long names, then smaller commits, until none fits any more. Start with a trail that is
# kept back, or events that leave make room again. Deleting filler-1$padding and so on makes room.
fillers=0 padding=$(printf '%0240d' 0)
fill_up() {
    local i tries
    for tries in $(seq 100); do
        for i in $(seq $((fillers + 1)) $((fillers + 64))); do
            echo "Admin.PutUser username=filler-$i$padding password=correct-horse"
            [ $((i % 32)) != 0 ] || echo
        done | ask until_decided=1 timeout_ms=3000 >"$dir/fill.txt"
        fillers=$((fillers + 64))
        [ "$(count OK "$dir/fill.txt")" != 0 ] || break
    done
    for tries in $(seq 100); do
        for i in $(seq 16); do printf 'Admin.Unlock username=ada-3\n\n'; done |
            ask timeout_ms=1000 >"$dir/fill.txt"
        [ "$(count OK "$dir/fill.txt")" != 0 ] || return 0
    done
    fail "the database never gets full"
}

# record_audit FILE: the trail from now on; its process in $recorder.
record_audit() {
    "$tools/processes_audit" "$url" >"$1" &
    recorder=$!
    pids+=("$recorder")
    await "$1" '^recording$'
}
# events TYPE REASON FILE: how many; "." for any.
events() { awk -v t="$1" -v r="$2" '(t == "." || $5 == t) && (r == "." || $6 == r)' "$3" | sort -u | wc -l; }
# all_told FILE: until all that happened so far is in the record. Events leave in the order of their
# decisions, so one more, of a user of its own, tells.
markers=0
all_told() {
    markers=$((markers + 1))
    expect "marker" "$(ask_one "Admin.PutUser username=marker-$markers password=correct-horse")" OK
    await "$1" "^marker-$markers 1 "
}
# chain FILE: what breaks the chains of users in a record, a line each; nothing when they are whole.
chain() {
    grep -vE '^(recording|-) ?' "$1" | sort -u -k 1,1 -k 2,2n |
        awk '{ if ($1 != user) { last = 0; digest = "-"; user = $1 }
               if ($2 != last + 1) print user ": from " last " to " $2
               else if ($4 != digest) print user ": " $2 " does not follow " last
               last = $2; digest = $3 }'
}

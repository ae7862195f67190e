#!/bin/bash
# Goal: A68. The disk fails once while codes are being accepted, in the sync of the data or in the write of
# the root, and works again at once: the process ends with an error, none of these requests was answered OK.
# The next start is right: no code is good twice, what failed left no event, the chains are whole.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
shipped_only
users=32 refused=0

start_nats
record_audit "$dir/audit.txt"
start_services 1
import_users ada $((4 * users))
# verdicts ROUND NAME: of one request a user, into $dir/NAME.txt.
verdicts() {
    local i
    for i in $(seq $((($1 - 1) * users + 1)) $(($1 * users))); do
        echo "Verification.Verify username=ada-$i code=$now"
    done | ask timeout_ms=2000 | cut -d ' ' -f 1 >"$dir/$2.txt"
}
# unread: bytes that lie in the sockets of the service.
unread() { ss -Htnp | awk -v pid="pid=$pid," 'index($0, pid) { n += $2 } END { print n + 0 }'; }
# none NAME: no OK among the verdicts, and nothing else that decides.
none() {
    expect "$1: UNAVAILABLE, or no answer" "$(grep -cxE 'UNAVAILABLE|NONE|UNSERVED' "$dir/$1.txt")" $users
}
round=0
for fault in f p f p; do
    round=$((round + 1))
    now=$(fresh_code 20)
    end "$pid"
    start_services 1 "${faulty[@]}"
    # Armed while it stands still, so that the next commit is most likely that of the requests.
    kill -STOP "$pid"
    arm $fault e
    verdicts $round failed &
    asking=$!
    for _ in $(seq 400); do # each request is more than 100 bytes on the wire
        [ "$(unread)" -lt $((users * 100)) ] || break
        sleep 0.05
    done
    [ "$(unread)" -ge $((users * 100)) ] || fail "the requests have not reached the service"
    kill -CONT "$pid"
    wait $asking
    fault_happened
    none failed
    refused=$((refused + $(count UNAVAILABLE "$dir/failed.txt")))
    ended "$pid"
    [ "$code" != 0 ] || fail "round $round: it ended as if nothing had happened"
    says "$dir/service-1.log" 'level=error msg="the database failed while committing'
    disarm
    start_services 1
    verdicts $round second
    verdicts $round third
    ! paste -d ' ' "$dir/second.txt" "$dir/third.txt" | grep -vxE '(OK|CODE_REJECTED) CODE_REJECTED' ||
        fail "round $round: a code was good twice, or an answer is strange (above)"
done
[ $refused -gt 0 ] || fail "the disk never failed under a request"
all_told "$dir/audit.txt"
expect "what breaks the chains" "$(chain "$dir/audit.txt")" ""
for i in $(seq $((4 * users))); do
    expect "successes of ada-$i" \
        "$(grep "^ada-$i " "$dir/audit.txt" | events verification.succeeded . -)" 1
done

#!/bin/bash
# Goal: A67. The disk is full: whether a guess was right is never told without being written down, and no
# code is accepted that could not be recorded as used. A write that the disk cuts short ends the process (its
# outcome looks like that of a failed sync), so a supervisor starts it again and again here; with room it
# serves, every refusal that was told is counted, and the code is good, once. Needs root: a small tmpfs.
set -euo pipefail
if [ $# = 0 ]; then
    disk=$(mktemp -d -t twofold-disk.XXXXXX)
    rc=0
    unshare --mount mount -t tmpfs tmpfs "$disk" 2>/dev/null || rc=77
    [ $rc != 0 ] || unshare --mount bash "$0" "$disk" || rc=$?
    rmdir "$disk"
    [ $rc != 77 ] || echo "skipped: mounting is not allowed here"
    exit $rc
fi
disk=$1
mount -t tmpfs -o size=1m tmpfs "$disk"
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"

# supervise: twofoldd, started again whenever it ends, until it is told to stop by TERM.
supervise() {
    local service='' stop=0
    trap 'stop=1; kill "$service" 2>/dev/null || true' TERM
    while [ $stop = 0 ]; do
        env TWOFOLD_DATA_DIR="$disk/data" "${audit_login[@]}" "$bin/twofoldd" 2>>"$dir/service.log" &
        service=$!
        wait $service || true
        sleep 0.2
    done
    wait $service || true
}
# answers: to the requests of standard input, by whoever lives.
answers() { ask until_decided=1 timeout_ms=400; }

audit_may nothing
start_nats "$dir/nats.conf"
supervise &
pids+=($!)
serving service
supervise &
pids+=($!)
cli policy set max_failures=10 >/dev/null
import_users ada 3
fill_up

# Commits that fit into freed pages may still succeed: what counts is that answer and record agree.
now=$(fresh_code 29)
wrong=$(wrong_code)
for _ in 1 2 3 4 5 6; do
    printf 'Verification.Verify username=ada-1 code=%s\n\n' "$wrong"
    printf 'Verification.Verify username=ada-2 code=%s\n\n' "$now"
done | answers | cut -d ' ' -f 1 >"$dir/full.txt"
told=$(count CODE_REJECTED <(sed -n 'p;n' "$dir/full.txt"))
accepted=$(count OK <(sed -n 'n;p' "$dir/full.txt"))
[ "$(grep -cxE 'UNAVAILABLE|UNSERVED|NONE' "$dir/full.txt")" -ge 6 ] || fail "the disk is not full"
[ "$accepted" -le 1 ] || fail "a code was accepted $accepted times"

mount -o remount,size=64m "$disk"
for _ in $(seq 100); do
    echo "Admin.PutUser username=room password=correct-horse" | answers | grep -q OK && break
    sleep 0.1
done
left=$(echo "Verification.Verify username=ada-1 code=$wrong" | ask | cut -d ' ' -f 1,3)
[[ $left =~ ^CODE_REJECTED\ [0-9]$ ]] || fail "with room, a wrong code got: $left"
[ "${left#* }" -le $((10 - told - 1)) ] || fail "$told refusals told, but ${left#* } tries left"
again=$(verify ada-2 "$now")
[ "$accepted" = 0 ] || expect "an accepted code, with room" "$again" CODE_REJECTED
expect "the code, once more" "$(verify ada-2 "$now")" CODE_REJECTED
expect "another user's code" "$(verify ada-3 "$now")" OK
echo "while full: $told refusals told and counted, $accepted codes accepted; answers:" \
    "$(sort "$dir/full.txt" | uniq -c | sed 's/^ *//' | paste -sd ',')"

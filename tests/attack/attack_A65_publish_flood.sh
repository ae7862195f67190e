#!/bin/bash
# Goal: A65. One caller floods a service with a short queue: what does not fit is answered EXHAUSTED, not
# left without an answer; another caller, who asks again when told EXHAUSTED, has every code decided,
# each one accepted exactly once; memory stays bounded.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
flood=${ATTACK_ROUNDS:-60000} users=100

start_nats
start_services 1 TWOFOLD_QUEUE_MAX=256 TWOFOLD_BATCH_MAX=64
import_users ada $((users + 1))
memory() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status"; }
before=$(memory)
now=$(fresh_code 29)

echo "$flood* Verification.Verify username=ada-$((users + 1)) code=$(wrong_code)" |
    ask timeout_ms=60000 >"$dir/flood.txt" &
flooding=$!
pids+=("$flooding")
for i in $(seq $users); do
    printf '4* Verification.Verify username=ada-%s code=%s\n\n' "$i" "$now"
done | ask until_decided=1 timeout_ms=20000 >"$dir/others.txt"
! kill -0 $flooding 2>/dev/null || echo "all others were served before the flood was over"
wait $flooding
for i in $(seq $users); do
    expect "decisions for ada-$i" \
        "$(sed -n "$((4 * i - 3)),$((4 * i))p" "$dir/others.txt" | cut -d ' ' -f 1 | sort | paste -sd ' ')" \
        "CODE_REJECTED CODE_REJECTED CODE_REJECTED OK"
done

expect "rejected in the flood" "$(count CODE_REJECTED "$dir/flood.txt")" 6
shed=$(count EXHAUSTED "$dir/flood.txt")
expect "LOCKED and EXHAUSTED in the flood" $(($(count LOCKED "$dir/flood.txt") + shed)) $((flood - 6))
[ "$shed" -gt 0 ] || fail "nothing was shed: this was no flood"
grown=$(($(memory) - before))
echo "$shed of $flood shed; memory grew by $grown KiB at most"
is_sanitized || [ $grown -lt $((128 * 1024)) ] || fail "memory grew by $grown KiB"

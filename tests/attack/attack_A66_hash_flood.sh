#!/bin/bash
# Goal: A66. A flood of logins that each cost a password hash: the pool takes no more than its queue, the
# rest is answered EXHAUSTED at once, no thread is added, and codes are decided meanwhile. How much longer
# they take then is printed, not judged: this machine may be busy.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
users=200 queue=32

start_nats
start_services 1
import_users ada $((2 * users))
end "$pid"
start_services 1 TWOFOLD_SCRYPT_LN=14 TWOFOLD_SCRYPT_P=5 TWOFOLD_PASSWORD_QUEUE=$queue
threads() { awk '$1 == "Threads:" { print $2 }' "/proc/$pid/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; } # of the processor, 10 ms each
memory() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status"; }
# verify_one_by_one FROM TO NAME: a right code of each, into $dir/NAME.txt.
verify_one_by_one() {
    local i
    for i in $(seq "$1" "$2"); do printf 'Verification.Verify username=ada-%s code=%s\n\n' "$i" "$now"; done |
        ask >"$dir/$3.txt"
    expect "codes accepted, $3" "$(count OK "$dir/$3.txt")" $users
}
# percentile P NAME: microseconds.
percentile() {
    cut -d ' ' -f 4 "$dir/$2.txt" | sort -n | sed -n "$((users * $1 / 100))p"
}

threads_before=$(threads) memory_before=$(memory)
now=$(fresh_code 29)
verify_one_by_one 1 $users quiet
ticks_before=$(ticks)
for i in $(seq 1000); do
    echo "Login.Login username=nobody-$i password=wrong-horse"
done | ask timeout_ms=60000 >"$dir/flood.txt" &
flooding=$!
pids+=("$flooding")
# It has come in, and hashes are being made.
for _ in $(seq 400); do
    [ $(($(ticks) - ticks_before)) -lt 10 ] || break
    kill -0 $flooding 2>/dev/null || break
    sleep 0.02
done
verify_one_by_one $((users + 1)) $((2 * users)) flooded
kill -0 $flooding || fail "the hashes were done before the codes: this was no flood"
expect "threads in the flood" "$(threads)" "$threads_before"
wait $flooding
hashed=$(count WRONG_CREDENTIALS "$dir/flood.txt")
expect "hashed and EXHAUSTED" $((hashed + $(count EXHAUSTED "$dir/flood.txt"))) 1000
# One organization gets half of the queue; what was finished while the flood came in made place.
[ "$hashed" -ge $((queue / 2)) ] && [ "$hashed" -lt $queue ] || fail "$hashed were hashed"
grown=$(($(memory) - memory_before))
is_sanitized || [ $grown -lt $((128 * 1024)) ] || fail "memory grew by $grown KiB"
echo "$hashed hashed, memory grew by $grown KiB"
for p in 50 99; do
    quiet=$(percentile $p quiet) flooded=$(percentile $p flooded)
    echo "Verify p$p: $quiet us quiet, $flooded us in the flood, ratio $((flooded * 100 / quiet)) %"
done

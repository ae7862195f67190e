#!/bin/bash
# Goal: failures past a threshold are counted in one event, and the counts add up to what the clients were
# answered, with nats-server and twofoldd killed (-9) meanwhile. Everything else is told one by one.
#
#     tests/ledger/aggregated.sh [SEED]
seed=${1:-$(($(date +%s) % 32768))}
# shellcheck source=tests/ledger/chaos_lib.sh
. "$(dirname "$0")/chaos_lib.sh"
export TWOFOLD_AUDIT_FAILURES=3
echo "seed $seed"
RANDOM=$seed

begin_play "$seed" 8
kill_all 1
end_play
# The counts of a minute are told when it is over.
over=$(($(date +%s) / 60 * 60 + 60))
while [ "$(date +%s)" -lt $over ]; do sleep 0.2; done
for _ in $(seq 100); do
    all_sent
    export_trail
    judge "$trail" aggregated >"$dir/judged.txt" && break
    sleep 0.3
done
judge "$trail" aggregated || fail "the counts do not add up (seed $seed)"
grep -qE '"count": ?[0-9]' "$trail" || fail "nothing was counted"
verified

#!/bin/bash
# Goal: what the audit trail costs. Throughput of Verify over a real bus with real syncs, many requests in
# flight, side by side in one run: no audit at all (a) against the outbox with its bus away (b), with
# JetStream (c), and with plain messages (d). a b c d, a b c d, ...: whatever else the machine does hits all
# alike; each starts with the same database. Prints medians, spreads, and the ratios of each round; and what the
# service itself used for an answer, which other processes disturb less.
#
#     tests/bench/audit_overhead.sh [--rounds 5] [--ms 4000] [--users 120000] [--in-flight 256]
#
# TEST_BIN: the folder with twofoldd and twofold. BENCH_DIR: where the databases lie (/tmp), on the disk that is
# to be measured. Nothing here judges: on a shared machine a bound would be a lie.
rounds=5 ms=4000 users=120000 in_flight=256
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2 ;;
    --ms) ms=$2 ;;
    --users) users=$2 ;;
    --in-flight) in_flight=$2 ;;
    *) echo "usage: $0 [--rounds N] [--ms N] [--users N] [--in-flight N]" >&2; exit 2 ;;
    esac
    shift 2
done
export TMPDIR=${BENCH_DIR:-${TMPDIR:-/tmp}}
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
tools=${TEST_TOOLS:-$bin/..}
export TWOFOLD_DATA_DIR=$dir/data TWOFOLD_KEYRING_FILE=$dir/ring
printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/nats.conf"
variants=(none held stream plain)
declare -A settings=(
    [none]=TWOFOLD_AUDIT_STREAM=off
    [held]=TWOFOLD_AUDIT_NATS_URL=nats://127.0.0.1:1
    [stream]=TWOFOLD_AUDIT_STREAM=TWOFOLD_AUDIT
    [plain]=TWOFOLD_AUDIT_STREAM=off
)
declare -A what=(
    [none]='a  no audit' [held]='b  outbox, its bus away' [stream]='c  outbox and JetStream'
    [plain]='d  outbox and plain messages')

# used PID: its processor time so far in ticks, and bytes that it had written to disk.
used() { echo "$(awk '{ print $14 + $15 }' "/proc/$1/stat") $(awk '$1 == "write_bytes:" { print $2 }' "/proc/$1/io")"; }
# measure VARIANT: one line "rate R p50 N p99 N answers N cpu N bytes N" into $dir/VARIANT.txt; the last two are
# what the service used for an answer: microseconds of processors, and bytes written.
measure() {
    local program=$bin/twofoldd
    [ "$1" != none ] || program=$tools/bench/twofoldd_unaudited
    rm -rf "$dir/data" "$dir/js"
    cp -r --sparse=always "$dir/filled" "$dir/data"
    sync -f "$dir/data"
    start_nats "$dir/nats.conf"
    env "${settings[$1]}" "$program" 2>"$dir/$1.log" &
    pid=$!
    pids=("$pid")
    serving "$1"
    local before line
    before=$(used "$pid")
    line=$("$tools/bench/audit_load" "$url" "$users" "$in_flight" 500 "$ms")
    echo "$line $before $(used "$pid")" | awk -v hz="$(getconf CLK_TCK)" '{
        printf "%s %s %s %s %s %s cpu %.1f bytes %.0f\n",
            $1, $2, $3, $4, $5, $6, ($11 - $9) * 1e6 / hz / $8, ($12 - $10) / $8 }' >>"$dir/$1.txt"
    end "$pid"
    stop_nats
    pids=()
}

"$bin/twofoldd" keys init >/dev/null
"$tools/tests/rotate_load" fill "$dir/filled" "$TWOFOLD_KEYRING_FILE" "$users"
for round in $(seq "$rounds"); do
    for variant in "${variants[@]}"; do
        measure "$variant"
        echo "round $round: ${what[$variant]}: $(tail -n 1 "$dir/$variant.txt")"
    done
done

# summary FILE COLUMN FORMAT: median (least to most)
summary() {
    cut -d ' ' -f "$2" "$1" | sort -g |
        awk -v f="$3 ($3 to $3)" '{ v[NR] = $1 } END { printf f, v[int((NR + 1) / 2)], v[1], v[NR] }'
}
echo
echo "$rounds rounds of $ms ms, $in_flight in flight, $users users; medians (least to most)"
for variant in "${variants[@]}"; do
    paste -d ' ' "$dir/$variant.txt" "$dir/none.txt" | awk '{ print $2 / $12 }' >"$dir/ratio.txt"
    echo "${what[$variant]}: $(summary "$dir/$variant.txt" 2 %.0f) a second, $(summary "$dir/ratio.txt" 1 %.2f) of a," \
        "p50 $(summary "$dir/$variant.txt" 4 %.0f) us, p99 $(summary "$dir/$variant.txt" 6 %.0f) us;" \
        "for an answer $(summary "$dir/$variant.txt" 8 %.1f) us of processors," \
        "$(summary "$dir/$variant.txt" 10 %.0f) bytes written"
done

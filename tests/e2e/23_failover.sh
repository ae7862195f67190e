#!/bin/bash
# Goal: with one of two replicas killed -9 under steady load, no call fails but those in flight, and each of
# these, sent again under its request id, gets its one right answer; the trail has each decision once. Callers
# that let the library send again (try_ms) see no failed call at all. The same truths when the bus is
# killed. Killed: at a random moment; frozen, with calls that it has not read; and between a commit
# and its replies.
#
#     FAILOVER_ROUNDS=100 tests/e2e/23_failover.sh    by hand: more replicas killed at random moments
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/audit_lib.sh"
rounds=${FAILOVER_ROUNDS:-3} users=${FAILOVER_USERS:-2000} pace=${FAILOVER_PACE:-150}
timeout_ms=2000 try_ms=500
# From a process's end until the bus has noticed that its connection is closed; nothing else is allowed for.
notice_ms=1000
load=$tools/rig_load
declare -A replica=()
dead=()

now_ms() { date +%s%3N; }
# killing MODE EXPECTED-STATUSES: from now on calls may fail; killed: no more.
killing() { window="$1 $2 $(now_ms)"; }
killed() { echo "$window $(now_ms)" >>"$dir/windows.txt"; }
# launch NAME [ENV=VALUE...]
launch() {
    start "$@"
    replica[$1]=$pid
}
kill_replica() {
    kill9 "${replica[$1]}"
    killed
}
# Until those in flight at the last kill were given up and sent again.
try_over() { sleep $((timeout_ms / 1000)).5; }
settle() { sleep "0.$((1 + RANDOM % 8))"; } # the random moment
# Requests that a frozen process has not read wait in its socket: more than anybody else leaves there.
unread() { ss -tnH state established "dport = :$nats_port" | awk '$1 > 1500 { n++ } END { exit n == 0 }'; }
freeze_until_unread() {
    kill -STOP "${replica[$1]}"
    for _ in $(seq 400); do
        ! unread || return 0
        sleep 0.05
    done
    fail "the frozen replica is sent nothing"
}
# bus_serves N: until as many replicas answer through it.
bus_serves() {
    for _ in $(seq 400); do
        [ "$(cli ping --timeout 1 2>/dev/null | wc -l)" != "$1" ] || return 0
        sleep 0.05
    done
    fail "not $1 replicas on the bus"
}
# decisions: a line "REQUEST-ID TYPE INSTANCE" for each judged code in the exported trail.
decisions() {
    sed -nE 's/.*"type":"twofold\.v1\.(verification\.[a-z]+)".*"request_id":"([^"]*)".*"instance":"([^"]*)".*/\2 \1 \3/p' \
        "$trail" >"$dir/decisions.txt"
}
instance_of() { sed -nE 's/.*msg=serving .*instance=([^ ]+) .*/\1/p' "$dir/$1.log"; }

printf 'jetstream { store_dir: "%s/js" }\n' "$dir/js" >"$dir/nats.conf"
start_nats "$dir/nats.conf"
launch one
launch two
for prefix in rig lib; do "$load" users --users "$users" --prefix $prefix; done >"$dir/users.txt"
cli import --file "$dir/users.txt" >"$dir/import.txt" 2>&1 || fail "$(cat "$dir/import.txt")"
# start_load NAME ARGUMENT...: its process in $pid.
start_load() {
    local name=$1
    shift
    "$load" --users "$users" --prefix "$name" --seconds 3600 --calls "$dir/$name.calls" "$@" \
        >"$dir/$name.json" 2>"$dir/$name.log" &
    pid=$!
    pids+=("$pid")
    await "$dir/$name.log" ' [1-9][0-9]* calls'
}
start_load rig --workers 32 --pace "$pace" --timeout-ms $timeout_ms
rig_pid=$pid
start_load lib --workers 8 --pace $((pace / 5)) --timeout-ms 20000 --try-ms $try_ms
lib_pid=$pid

for round in $(seq "$rounds"); do
    names=(one two) name=${names[$((round % 2))]}
    settle
    killing replica TIMEOUT
    kill_replica "$name"
    launch "$name"
done
try_over
killing replica TIMEOUT
freeze_until_unread one
kill_replica one
faults=()
is_sanitized || faults=("${faulty[@]}")
launch one "${faults[@]}"
try_over

# Stands still after a commit, with the answers in hand. Three times, as a commit may be one of housekeeping.
if ! is_sanitized; then
    for _ in 1 2 3; do
        dead+=("$(instance_of one)")
        killing replica TIMEOUT
        arm c s
        fault_happened
        kill_replica one
        disarm
        launch one "${faulty[@]}"
    done
    try_over
fi

killing bus 'TIMEOUT|DISCONNECTED|NO_RESPONDERS'
kill9 "$nats_pid"
start_nats "$dir/nats.conf"
bus_serves 2
killed
settle

# end_load NAME PID: a call may take 25 s.
end_load() {
    kill "$2"
    for _ in $(seq 700); do
        alive "$2" || break
        sleep 0.05
    done
    code=0
    wait "$2" || code=$?
    echo "$1: $(cat "$dir/$1.json")"
    [ $code = 0 ] || fail "a call has no answer, or a wrong one (exit $code): $(grep -v ' s: ' "$dir/$1.log")"
    failed=$(sed -nE 's/.*"failed_first_try":([0-9]+).*/\1/p' "$dir/$1.json")
}
end_load lib "$lib_pid"
[ "$failed" = 0 ] || fail "$failed calls failed that the library was to send again"
again=$(awk -v try=$try_ms 'FNR > 1 && $9 - $5 >= try { n++ } END { print n + 0 }' "$dir/lib.calls")
[ "$again" -gt 0 ] || fail "the library had nothing to send again: this shows nothing"
end_load rig "$rig_pid"
[ "$failed" -gt 0 ] || fail "nothing was in flight at any kill: this shows nothing"

# Who failed at the first try was in flight when something was killed: sent no earlier than calls take that are
# answered, and before the bus had noticed. Each worker has one in flight.
longest=$(awk 'FNR > 1 && $7 == 1 && $9 - $5 > n { n = $9 - $5 } END { print n + 0 }' "$dir/rig.calls")
early_ms=$((longest < 250 ? 500 : 2 * longest))
awk -v early=$early_ms -v notice=$notice_ms '
    NR == FNR { mode[NR] = $1; allowed[NR] = "^(" $2 ")$"; from[NR] = $3; to[NR] = $4 + notice; n = NR; next }
    FNR == 1 || $7 == 1 { next }
    { of = 0
      for (i = n; i > 0; i--) # the last that it fell into, or else the first after it
          if ($5 <= to[i] && $5 >= from[i] - early && $4 ~ allowed[i]) {
              of = i
              if ($5 >= from[i]) break
          }
      if (of) in_flight[of]++
      else { print "not in flight at any kill: " $0; bad = 1 } }
    END { for (i = 1; i <= n; i++) {
              printf "%s killed: %d calls in flight\n", mode[i], in_flight[i]
              if (in_flight[i] > 32) { print "more than the workers had in flight"; bad = 1 } }
          exit bad }' "$dir/windows.txt" "$dir/rig.calls" || fail "a call failed that was not in flight"

# Each call is one decision in the trail, and nothing else is in it.
all_sent
export_trail
decisions
cli audit verify >"$dir/verify.txt" 2>&1 || fail "the trail is not whole: $(cat "$dir/verify.txt")"
awk 'NR == FNR { n[$1 " " $2]++; all++; next }
    FNR == 1 || $1 == "repeat" { next }
    { calls++
      key = $3 " verification." ($8 == "accepted" ? "succeeded" : "failed")
      if (n[key] != 1) { print n[key] + 0 " decisions of: " $0; bad = 1 } }
    END { print calls " calls, " all " decisions"; exit bad || all != calls }' \
    "$dir/decisions.txt" "$dir/rig.calls" "$dir/lib.calls" || fail "not each call is one decision"
# Calls whose first try was decided by a replica that died with the answer.
lost=$(awk -v dead="${dead[*]}" 'NR == FNR { by[$1] = $3; next }
    FNR > 1 && $7 > 1 && $1 != "repeat" && index(dead, by[$3]) { n++ }
    END { print n + 0 }' "$dir/decisions.txt" "$dir/rig.calls")
echo "answers that were lost with a replica, and given by the other: $lost"
[ ${#dead[@]} = 0 ] || [ "$lost" != 0 ] || fail "never killed between a commit and its replies"

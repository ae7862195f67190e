# Sourced by the scenarios of the audit trail: a bus of its own for it, and what comes of it.
# shellcheck shell=bash
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../attack/processes_lib.sh"
order=$(dirname "${BASH_SOURCE[0]}")/../ledger/order.mjs
trail=$dir/trail.json audit_pid='' audit_port='' audit_url=''

# start_audit_bus [off]: a second nats-server, with JetStream unless it is off; a restart keeps port and store.
# Start the service with TWOFOLD_AUDIT_NATS_URL=$audit_url.
start_audit_bus() {
    local nats_port=$audit_port nats_pid='' main_url=${url:-}
    printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/audit-nats.conf"
    [ "${1:-}" != off ] || printf 'max_payload: 1MB\n' >"$dir/audit-nats.conf"
    start_nats "$dir/audit-nats.conf"
    audit_pid=$nats_pid audit_url=$url audit_port=${url##*:}
    pids+=("$audit_pid")
    url=$main_url
    export TWOFOLD_NATS_URL=$url
}
# kill9 and end overwrite pid.
kill_audit_bus() {
    local pid
    kill9 "$audit_pid"
}
# js SUBJECT [BODY]: asks JetStream of the audit bus; prints its answer, which must be no error.
js() {
    "$tools/bus_ask" "$audit_url" "\$JS.API.$1" "${2:-}" >"$dir/js.txt"
    ! grep -q '"error"' "$dir/js.txt" || fail "JetStream: $(cat "$dir/js.txt")"
    cat "$dir/js.txt"
}
# audit_stat NAME: a number of the trail, as service discovery tells; nothing when nobody answers.
audit_stat() {
    "$tools/bus_ask" "$url" '$SRV.STATS.twofold' 2>/dev/null | sed -nE "s/.*\"$1\": *([0-9]+).*/\1/p"
}
# backlog: events that the service has not sent.
backlog() { audit_stat backlog; }
# all_sent: until nothing waits, twice in a row, 120 seconds at most.
all_sent() {
    local zeros=0 until=$((SECONDS + 120))
    while [ $SECONDS -lt $until ]; do
        if [ "$(backlog)" = 0 ]; then zeros=$((zeros + 1)); else zeros=0; fi
        [ $zeros -lt 2 ] || return 0
        sleep 0.1
    done
    fail "events wait for ever: $(backlog)"
}
# Where the trail is read: on the audit bus, if there is one.
on_audit_bus() { TWOFOLD_NATS_URL=${audit_url:-$url} "$@"; }
export_trail() {
    rm -f "$trail"
    on_audit_bus cli audit export --all-orgs --out "$trail" 2>"$dir/export.txt" ||
        fail "export: $(cat "$dir/export.txt")"
}
# in_order: the exported trail is; how many events of each type there are, in $dir/types.txt.
in_order() { node "$order" "$trail" >"$dir/types.txt" || fail "not in order: $(head -n 20 "$dir/types.txt")"; }
# told TYPE: how many events of it, those that others stand for too.
told() { awk -v t="$1" '$2 == t { n = $1 } END { print n + 0 }' "$dir/types.txt"; }
# missing: how many events the gaps are that `twofold audit verify` named in $dir/verify.txt.
missing() {
    sed -nE -e 's/^gap: .*: ([0-9]+) to ([0-9]+) are missing.*/\1 \2/p' -e 's/^gap: .*: ([0-9]+) is missing.*/\1 \1/p' \
        "$dir/verify.txt" | awk '{ n += $2 - $1 + 1 } END { print n + 0 }'
}

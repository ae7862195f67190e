#!/bin/bash
# Goal: `twofoldd health` says whether this host's service is well, over the bus and in time whatever happens;
# what is wrong is told in a line that says what to do: bus gone or silent, no service or another host's alone,
# one that is stopped, stuck, stopping, out of room, without its keys, or that refuses changes.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# It reads neither keyring nor database, and makes nothing.
export TWOFOLD_DATA_DIR=$dir/nowhere TWOFOLD_KEYRING_FILE=$dir/nothing
health() { timeout 20 "$bin/twofoldd" health "$@"; }
# well WORDS [OPTION...]: all is well, in one line.
well() {
    local words=$1
    shift
    health "$@" >"$dir/health.txt" || fail "not well ($?): $(<"$dir/health.txt")"
    [ "$(wc -l <"$dir/health.txt")" = 1 ] || fail "more than a line: $(<"$dir/health.txt")"
    says "$dir/health.txt" "$words"
}
# unwell WORDS: it ends with 1 and says so, in one line.
unwell() {
    local code=0
    health --timeout 1 >"$dir/health.txt" 2>"$dir/health.log" || code=$?
    [ $code = 1 ] || fail "health ended with $code, not 1: $(cat "$dir/health.txt" "$dir/health.log")"
    [ "$(wc -l <"$dir/health.txt")" = 1 ] || fail "not one line: $(<"$dir/health.txt")"
    says "$dir/health.txt" "unwell: "
    says "$dir/health.txt" "$1"
}
# becomes_unwell WORDS: the same, in 20 seconds at most.
becomes_unwell() {
    for _ in $(seq 40); do
        health --timeout 1 >"$dir/health.txt" 2>&1 || ! grep -qF -- "$1" "$dir/health.txt" || break
        sleep 0.3
    done
    unwell "$1"
}
# wrong WORD...: a mistake in the command.
wrong() {
    local code=0
    health "$@" >"$dir/health.txt" 2>&1 || code=$?
    [ $code = 2 ] || fail "health $* ended with $code: $(<"$dir/health.txt")"
}
# start NAME [ENV=VALUE...]: a service on the data of $data, keys beside them; its process is $service.
start() {
    local name=$1
    shift
    start_service "$name" TWOFOLD_DATA_DIR="$dir/$data" TWOFOLD_KEYRING_FILE= "$@"
    service=$pid
    serving "$name"
}
# begin NAME [ENV=VALUE...]: the same with data of its own.
begin() {
    data=data-$1
    start "$@"
}

health --help >"$dir/help.txt"
says "$dir/help.txt" 'TWOFOLD_HEALTH_NATS_NKEY_FILE'
"$bin/twofoldd" --help >"$dir/help.txt"
says "$dir/help.txt" 'twofoldd health'
wrong now
wrong --timeout 0
wrong --timeout 61
wrong --timeout 3s
wrong --timeout
wrong --nats-url ftp://bus

# Nobody.
start_nats
unwell 'no twofoldd answers on this bus (TWOFOLD_NATS_URL): is it running?'

# One, with nothing to do: it proves itself each time.
begin first
first=$service
for _ in 1 2 3; do well "1 instance of twofoldd on $(hostname)"; done
well '"well":true' --json
for word in '"state":"serving"' '"store":"ok"' '"requests":"ok"' '"troubles":[]' "\"host\":\"$(hostname)\""; do
    says "$dir/health.txt" "$word"
done
[ ! -e "$dir/nowhere" ] && [ ! -e "$dir/nothing" ] || fail "health has made something"

# Two on one database; one that another host has.
start second
well '2 instances of twofoldd'
end "$first"
well '1 instance of twofoldd'
end "$service"
if unshare --uts true 2>/dev/null; then
    env TWOFOLD_DATA_DIR="$dir/$data" TWOFOLD_KEYRING_FILE= \
        unshare --uts sh -c 'hostname elsewhere; exec "$0"' "$bin/twofoldd" 2>"$dir/other.log" &
    other=$!
    pids+=("$other")
    serving other
    unwell "no twofoldd of this host ($(hostname)) answers, 1 of other hosts does"
    start third
    well '1 instance of twofoldd'
    end "$other"
else
    echo "not tried: a service of another host needs root"
    start third
fi

# Stopped as a whole; then only the thread that decides, by whoever holds the lock of the journal.
kill -STOP "$service"
unwell 'no twofoldd answers'
kill -CONT "$service"
well '1 instance'
flock "$dir/$data/journal.lock" sleep 60 &
holder=$!
pids+=("$holder")
becomes_unwell 'the thread that decides has stood still for'
pkill -P "$holder" || true
end "$holder"
well '1 instance'

# The bus stops, goes, comes back.
kill -STOP "$nats_pid"
unwell 'unwell: '
kill -CONT "$nats_pid"
well '1 instance'
stop_nats
unwell "the bus at $url cannot be reached"
start_nats
well '1 instance' --timeout 10
end "$service"

# It must have room, as a request must.
begin full TWOFOLD_DB_SIZE_MB=1
for i in $(seq 2000); do
    echo "password $i" | cli user put "user$(printf '%0240d' "$i")" >"$dir/put.txt" 2>&1 || break
done
says "$dir/put.txt" 'cannot decide at the moment'
unwell 'the database is full: raise TWOFOLD_DB_SIZE_MB'
end "$service"
start larger TWOFOLD_DB_SIZE_MB=64
well '1 instance'
end "$service"

# Nothing can be written to its files.
trap '' XFSZ
begin files
trap - XFSZ
well '1 instance'
prlimit --pid "$service" --fsize=1:
becomes_unwell 'is its disk full, or failing?'
prlimit --pid "$service" --fsize=unlimited:
well '1 instance'
end "$service"

# The keys are changed, and this place does not have the new one; then it does.
begin keys
cp "$dir/data-keys.keyring" "$dir/newer"
TWOFOLD_DATA_DIR=$dir/data-keys TWOFOLD_KEYRING_FILE=$dir/newer "$bin/twofoldd" keys rotate >/dev/null 2>&1
becomes_unwell 'the keyring (TWOFOLD_KEYRING_FILE) lacks one'
cp "$dir/newer" "$dir/data-keys.keyring"
well '1 instance'
end "$service"

# Nobody takes the events, and there is no room for more.
begin events TWOFOLD_AUDIT_NATS_URL=nats://127.0.0.1:1 TWOFOLD_AUDIT_BACKLOG=100 TWOFOLD_AUDIT_FAILURES=0
echo 'correct horse' | cli user put bob >/dev/null
for _ in $(seq 60); do
    for _ in 1 2 3 4 5; do echo 'wrong one' | cli login bob >"$dir/login.txt" 2>&1 || true; done
    ! grep -q 'cannot decide at the moment' "$dir/login.txt" || break
done
becomes_unwell 'unsent audit events have reached their bound'
end "$service"

# On its way out: a password is being hashed.
begin leaving TWOFOLD_SCRYPT_LN=18 TWOFOLD_SCRYPT_P=16
"$bin/twofold" --timeout 20 user put carol <<<'correct horse' >"$dir/put.txt" 2>&1 &
pids+=($!)
# A quarter of a second of computing is nothing but the hash.
for _ in $(seq 200); do
    [ "$(cut -d ' ' -f 14 "/proc/$service/stat")" -lt 25 ] || break
    sleep 0.05
done
kill "$service"
await "$dir/leaving.log" 'stopping: answering'
unwell 'it is stopping'
# What it still computes nobody waits for.
kill -9 "$service"

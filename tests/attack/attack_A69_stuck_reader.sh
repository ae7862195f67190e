#!/bin/bash
# Goal: A69. A process stands still while it reads the database. No page of its snapshot can be used again,
# so the file grows with every commit of the others: up to TWOFOLD_DB_SIZE_MB and never beyond, and then
# they answer UNAVAILABLE, never a wrong yes. When it goes on, or is killed, the others go on by themselves.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
shipped_only
size_mb=2

size() { stat -c %s "$dir/data/data.mdb"; }
# commits N: one after the other; the answers, counted, are in $dir/commits.txt.
commits() {
    for _ in $(seq "$1"); do printf 'Admin.Unlock username=ada-1\n\n'; done |
        ask | cut -d ' ' -f 1 >"$dir/commits.txt"
    expect "OK and UNAVAILABLE" $(($(count OK "$dir/commits.txt") + $(count UNAVAILABLE "$dir/commits.txt"))) "$1"
}
goes_on() {
    for _ in $(seq 100); do
        commits 1
        [ "$(count OK "$dir/commits.txt")" = 0 ] || return 0
        sleep 0.1
    done
    fail "the database is still full after $1"
}

start_nats
start reader TWOFOLD_DB_SIZE_MB=$size_mb "${faulty[@]}"
reader=$pid
start other TWOFOLD_DB_SIZE_MB=$size_mb
import_users ada 2
commits 100
before=$(size)

# Only its publisher stands still, within a reading transaction; both go on to serve.
arm r s
fault_happened
now=$(fresh_code 25)
commits 300
[ "$(count UNAVAILABLE "$dir/commits.txt")" -gt 0 ] || fail "nothing was held"
[ "$(size)" -le $((size_mb * 1024 * 1024)) ] || fail "the file has $(size) bytes"
echo "from $before to $(size) bytes in $(count OK "$dir/commits.txt") commits, then no more"
expect "a right code" "$(verify ada-1 "$now")" UNAVAILABLE
expect "a wrong code" "$(verify ada-1 "$(wrong_code)")" UNAVAILABLE
disarm
goes_on "the reader went on"
expect "the right code" "$(verify ada-1 "$now")" OK

arm r s
fault_happened
commits 300
[ "$(count UNAVAILABLE "$dir/commits.txt")" -gt 0 ] || fail "nothing was held the second time"
kill9 "$reader"
disarm
goes_on "the reader was killed"
expect "another user's right code" "$(verify ada-2 "$now")" OK
expect "a used code" "$(verify ada-1 "$now")" CODE_REJECTED
commits 300
expect "OK when nobody reads" "$(count OK "$dir/commits.txt")" 300

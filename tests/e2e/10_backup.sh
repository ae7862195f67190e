#!/bin/bash
# Goal: `twofoldd backup` and `restore` as an operator meets them: what is made, with which modes; what is
# refused, with nothing written; a restore that is killed at any moment leaves no database or a whole one.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
twofoldd=$dir/twofoldd
printf '#!/bin/sh\nexec timeout 60 "%s" "$@"\n' "$bin/twofoldd" >"$twofoldd"
chmod +x "$twofoldd"
export TWOFOLD_DATA_DIR=$dir/data

# run NAME CODE TEXT COMMAND...: to its end; its words are in $dir/NAME.log.
run() {
    local name=$1 want=$2 text=$3 code=0
    shift 3
    "$@" >"$dir/$name.log" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "$name: exit code $code, not $want: $(cat "$dir/$name.log")"
    says "$dir/$name.log" "$text"
}
mode() { stat -c %a "$1"; }
nothing_at() { [ ! -e "$1" ] || fail "$2 left $1 behind: $(ls -la "$1")"; }

# Words and mistakes.
run backup-help 0 'usage: twofoldd backup DIR' "$twofoldd" backup --help
run restore-help 0 '--keep-recovery-codes' "$twofoldd" restore --help
run backup-nowhere 2 'something is missing' "$twofoldd" backup
run backup-nameless 2 'a name is empty' "$twofoldd" backup ''
run restore-nothing 2 'something is missing' "$twofoldd" restore
run backup-two 2 'more than the command takes' "$twofoldd" backup "$dir/a" "$dir/b"
run backup-flags-first 1 "there is no database in $dir/none" "$twofoldd" backup --data-dir "$dir/none" "$dir/a"
run backup-flag-value 2 'something is missing' "$twofoldd" backup --data-dir "$dir/none"
run backup-no-value 2 'has no value' "$twofoldd" restore --data-dir --keep-recovery-codes "$dir/a"
run backup-flag 2 'write a number from 1' "$twofoldd" backup "$dir/a" --batch-max x
run backup-empty 1 "there is no database in $dir/data" "$twofoldd" backup "$dir/a"
nothing_at "$dir/a" backup
nothing_at "$dir/a.partial" backup
nothing_at "$dir/data" backup

start_nats
start_service service
serving service
enroll ada
for i in $(seq 40); do echo 'correct horse' | cli user put "user-$i" >/dev/null; done

# A backup beside the service, under a strange name and through a slash at its end.
(
    umask 022
    run first 0 "backup of 41 users in $dir/first backup" "$twofoldd" backup "$dir/first backup/"
)
says "$dir/first.log" 'The keyring is not in it'
[ "$(mode "$dir/first backup")" = 700 ] || fail "the folder has mode $(mode "$dir/first backup")"
for file in data.mdb data.mdb.sha256; do
    [ "$(mode "$dir/first backup/$file")" = 600 ] || fail "$file has mode $(mode "$dir/first backup/$file")"
done
[ "$(ls -A "$dir/first backup")" = "data.mdb
data.mdb.sha256" ] || fail "the backup holds $(ls -A "$dir/first backup")"
nothing_at "$dir/first backup.partial" backup
run over 1 'there is something at' "$twofoldd" backup "$dir/first backup"
run inside 1 'would lie in the data folder' "$twofoldd" backup "$dir/data/backup"
run inside-by-another-way 1 'would lie in the data folder' "$twofoldd" backup "$dir/first backup/../data/backup"
run inside-itself 1 'would lie in the data folder' "$twofoldd" backup "$dir/data/"
nothing_at "$dir/data/backup.partial" 'a backup in the data folder'
: >"$dir/file"
run over-file 1 'there is something at' "$twofoldd" backup "$dir/file"
run no-parent 1 'its parent must exist' "$twofoldd" backup "$dir/no/such/place"
run of-backup 1 'is a backup already' "$twofoldd" backup "$dir/second" --data-dir "$dir/first backup"
nothing_at "$dir/second" 'a backup of a backup'
nothing_at "$dir/second.partial" 'a backup of a backup'
rm -f "$dir/first backup/lock.mdb" # the only trace of that
mkdir "$dir/empty" "$dir/held.partial"
run into-empty 0 "in $dir/empty" "$twofoldd" backup "$dir/empty"

# What a killed backup left is taken over; what another one is at, is not.
mkdir "$dir/left.partial"
: >"$dir/left.partial/data.mdb"
: >"$dir/left.partial/lock.mdb"
run left 0 "in $dir/left" "$twofoldd" backup "$dir/left"
nothing_at "$dir/left.partial" backup
run held 1 "another process works in $dir/held.partial" flock "$dir/held.partial" "$twofoldd" backup "$dir/held"
mkdir "$dir/odd.partial"
: >"$dir/odd.partial/something"
run odd 1 'holds what is not of twofoldd' "$twofoldd" backup "$dir/odd"

# Restore refuses, before it writes anything.
run occupied 1 'never written over' "$twofoldd" restore "$dir/first backup"
end "$pid"
run occupied-still 1 'move the folder away' "$twofoldd" restore "$dir/first backup"
mkdir "$dir/locked"
: >"$dir/locked/lock.mdb"
run locked 1 "(lock.mdb)" "$twofoldd" restore "$dir/first backup" --data-dir "$dir/locked" --keyring-file "$dir/data.keyring"
export TWOFOLD_DATA_DIR=$dir/new TWOFOLD_KEYRING_FILE=$dir/data.keyring
refuse() {
    run "$@"
    nothing_at "$dir/new" "$1"
}
refuse no-keyring 1 "no keyring at $dir/lost.keyring" \
    "$twofoldd" restore "$dir/first backup" --keyring-file "$dir/lost.keyring"
"$twofoldd" keys init --keyring-file "$dir/other.keyring" >/dev/null
refuse other-keyring 1 'this is not the keyring of' \
    "$twofoldd" restore "$dir/first backup" --keyring-file "$dir/other.keyring"
refuse no-backup 1 'is not a backup' "$twofoldd" restore "$dir/data"
refuse nowhere 1 'is not a backup' "$twofoldd" restore "$dir/nowhere"
cp -r "$dir/first backup" "$dir/damaged"
printf x | dd of="$dir/damaged/data.mdb" bs=1 seek=20000 conv=notrunc status=none
refuse damaged 1 'is damaged' "$twofoldd" restore "$dir/damaged"
truncate -s 8192 "$dir/damaged/data.mdb"
refuse cut 1 'is damaged' "$twofoldd" restore "$dir/damaged"

# A disk that is full: after KIB no file grows.
with_room() {
    local kib=$1
    shift
    (trap '' XFSZ && ulimit -f "$kib" && exec "$@")
}
kib=$(($(stat -c %s "$dir/first backup/data.mdb") / 1024))
run full-backup 1 'cannot copy the database' \
    with_room $((kib / 2)) "$twofoldd" backup "$dir/full" --data-dir "$dir/data"
nothing_at "$dir/full" 'a backup without room'
nothing_at "$dir/full.partial" 'a backup without room'
for room in $((kib / 2)) $((kib + 8)); do
    run "full-$room" 1 'cannot' with_room $room "$twofoldd" restore "$dir/first backup"
    nothing_at "$dir/new/data.mdb" 'a restore without room'
    nothing_at "$dir/new/restore.partial" 'a restore without room'
done

# A backup that is put in place by hand serves nobody.
run by-hand 1 'is a backup and serves nobody' "$twofoldd" --data-dir "$dir/first backup"
rm -f "$dir/first backup/lock.mdb" "$dir/first backup/publisher.lock"

# Killed at any moment: no database, or a whole one, and doing it again works.
whole=0 none=0
for i in $(seq 30); do
    rm -rf "$dir/new"
    "$bin/twofoldd" restore "$dir/first backup" >"$dir/killed.log" 2>&1 &
    restore=$!
    sleep "0.0$(printf '%02d' $((i % 20)))"
    kill -9 $restore 2>/dev/null || true
    wait $restore 2>/dev/null || true
    if [ -e "$dir/new/data.mdb" ]; then
        whole=$((whole + 1))
        run "whole" 1 'never written over' "$twofoldd" restore "$dir/first backup"
    else
        none=$((none + 1))
        [ ! -e "$dir/new/restore.partial" ] || run half 1 'was not finished' "$twofoldd" --data-dir "$dir/new"
        run "again" 0 '41 users' "$twofoldd" restore "$dir/first backup"
    fi
    [ "$(mode "$dir/new/data.mdb")" = 600 ] || fail "data.mdb has mode $(mode "$dir/new/data.mdb")"
done
echo "killed restores: $none without a database, $whole whole"
[ $none -gt 0 ] || fail "no restore was killed in time"

# A whole one serves, with what was in it.
start_service restored TWOFOLD_DATA_DIR="$dir/new"
serving restored
[ "$(cli user list | wc -l)" -ge 41 ] || fail "users are missing: $(cli user list)"
cli status ada >"$dir/status.txt"
says "$dir/status.txt" 'state: ACTIVE'
says "$dir/status.txt" 'recovery_codes_left: 0'
end "$pid"

# The root of a mounted volume: it may hold what is not ours, and keeps its own mode.
mkdir -m 750 "$dir/volume"
mkdir "$dir/volume/lost+found"
run volume 0 'recovery codes were kept' "$twofoldd" restore --keep-recovery-codes "$dir/first backup" \
    --data-dir "$dir/volume"
[ "$(ls -A "$dir/volume")" = "data.mdb
lost+found" ] || fail "the volume holds $(ls -A "$dir/volume")"

#!/bin/bash
# Goal: the service runs as a user of its own, and root looks after it: what root makes in the service's
# folder with keys, backup and restore belongs to the service, which goes on and starts again; and a link
# that the service's user has laid there does not lead root to a file of root's.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root, to be somebody else"; exit 77; }
other=65534
cp "$bin/twofoldd" "$dir"
chmod 711 "$dir"
mkdir -m 0700 "$dir/of" "$dir/of/keys"
export TWOFOLD_DATA_DIR=$dir/of/data TWOFOLD_KEYRING_FILE=$dir/of/keys/ring
"$bin/twofoldd" keys init >/dev/null
chown -R $other:$other "$dir/of"
start_nats
# start NAME: the service, as the other user.
start() {
    setpriv --reuid=$other --regid=$other --clear-groups "$dir/twofoldd" 2>"$dir/$1.log" &
    pid=$!
    pids+=("$pid")
    serving "$1"
}
stop() {
    kill "$pid"
    ended "$pid"
}
all_of_the_other() {
    local strange
    strange=$(find "$dir/of" ! -user $other -o ! -group $other)
    [ -z "$strange" ] || fail "$1 left files of root: $strange"
}

start first
enroll alice
stop
rm "$dir/of/data/lock.mdb"
"$bin/twofoldd" keys list >/dev/null
all_of_the_other 'keys list'
start second
"$bin/twofoldd" keys rotate >/dev/null 2>&1
"$bin/twofoldd" keys retire 1 >/dev/null
"$bin/twofoldd" backup "$dir/backup" >/dev/null
all_of_the_other 'keys rotate and backup'
otp 0 | cli verify alice >/dev/null || fail "a code was refused after the rotation"
stop

mv "$dir/of/data" "$dir/lost"
"$bin/twofoldd" restore "$dir/backup" >/dev/null 2>&1
all_of_the_other restore
start third
cli status alice >"$dir/status.txt"
says "$dir/status.txt" ACTIVE
stop

# The service was taken over, and waits for root.
echo 'of root' >"$dir/precious"
chmod 600 "$dir/precious"
rm -f "$dir/of/data/lock.mdb"
setpriv --reuid=$other --regid=$other --clear-groups ln -s "$dir/precious" "$dir/of/data/lock.mdb"
! "$bin/twofoldd" keys list >/dev/null 2>"$dir/trap.txt" || fail "root has followed the link"
[ "$(cat "$dir/precious")" = 'of root' ] || fail "root's file was written to"

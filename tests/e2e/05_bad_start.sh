#!/bin/bash
# Goal: what is wrong with keyring, folder, database or settings is said in one line that tells what to
# do; the exit code is 1 (2 for settings); nothing is written.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

start_nats
# refuses NAME CODE TEXT [ENV=VALUE...]
refuses() {
    local name=$1 want=$2 text=$3
    shift 3
    start_service "$name" "$@"
    ended "$pid"
    [ "$code" = "$want" ] || fail "$name: exit code $code, not $want: $(cat "$dir/$name.log")"
    says "$dir/$name.log" "$text"
    tail -n 1 "$dir/$name.log" | grep -qE 'level=error|^twofoldd: ' || fail "$name: the last line is not why"
}
start_service good
serving good
echo 'correct horse' | cli user put alice >/dev/null
end "$pid"

database=$(sha256sum <"$dir/data/data.mdb")
mv "$dir/data.keyring" "$dir/kept"
refuses keyring-missing 1 "otherwise restore it from your backup"
[ ! -e "$dir/data.keyring" ] || fail "a lost keyring was replaced"
env TWOFOLD_DATA_DIR="$dir/other" "$bin/twofoldd" 2>"$dir/other.log" &
other=$!
await "$dir/other.log" 'msg=serving'
end $other
refuses keyring-wrong 1 "keyring" TWOFOLD_KEYRING_FILE="$dir/other.keyring"
echo garbage >"$dir/garbage"
chmod 600 "$dir/garbage"
refuses keyring-garbage 1 "keyring" TWOFOLD_KEYRING_FILE="$dir/garbage"
mv "$dir/kept" "$dir/data.keyring"
chmod 644 "$dir/data.keyring"
refuses keyring-open 1 "chmod 600"
chmod 600 "$dir/data.keyring"
[ "$database" = "$(sha256sum <"$dir/data/data.mdb")" ] || fail "a refused start wrote to the database"

: >"$dir/file"
refuses folder-is-file 1 "$dir/file is not a folder" TWOFOLD_DATA_DIR="$dir/file" TWOFOLD_KEYRING_FILE="$dir/data.keyring"
refuses folder-nowhere 1 "cannot make the data folder $dir/no/where" TWOFOLD_DATA_DIR="$dir/no/where" TWOFOLD_KEYRING_FILE="$dir/data.keyring"
refuses settings 2 "TWOFOLD_DB_SIZE_MB" TWOFOLD_DB_SIZE_MB=many TWOFOLD_LOG_LEVEL=loud
says "$dir/settings.log" "TWOFOLD_LOG_LEVEL"

# Mended, it serves again, and knows alice.
start_service mended
serving mended
echo 'correct horse' | cli login alice >/dev/null

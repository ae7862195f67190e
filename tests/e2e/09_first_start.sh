#!/bin/bash
# Goal: the first start. A keyring is made where one was asked for and never replaced; a start that fails
# leaves none behind; what the settings name is looked at, and nothing written, by --check-config.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# run NAME CODE TEXT COMMAND...: to its end; its words are in $dir/NAME.log.
run() {
    local name=$1 want=$2 text=$3 code=0
    shift 3
    timeout 20 "$@" >"$dir/$name.log" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "$name: exit code $code, not $want: $(cat "$dir/$name.log")"
    says "$dir/$name.log" "$text"
}
no_keyring() { [ -z "$(find "$dir" -name '*keyring*')" ] || fail "$1 left a keyring behind"; }
start_nats
twofoldd=$bin/twofoldd

# A start that fails leaves no keyring: neither where the settings show it, nor where making does.
: >"$dir/file"
ln -s "$dir/unmounted" "$dir/link"
mkdir "$dir/odd"
ln -s "$dir/unmounted/data.mdb" "$dir/odd/data.mdb"
run file 1 "$dir/file is not a folder" "$twofoldd" --data-dir "$dir/file"
run nowhere 1 "cannot make the data folder $dir/no/such/data" "$twofoldd" --data-dir "$dir/no/such/data"
run link 1 "$dir/link is not a folder; name another data folder with TWOFOLD_DATA_DIR" \
    "$twofoldd" --data-dir "$dir/link"
run odd 1 "no keyring at $dir/odd.keyring: wrong folder or user?" "$twofoldd" --data-dir "$dir/odd"
no_keyring "a failed start"

# --check-config sees the same and makes nothing.
run check-file 2 "TWOFOLD_DATA_DIR" "$twofoldd" --check-config --data-dir "$dir/file"
run check-good 0 "the settings are good" "$twofoldd" --check-config --data-dir "$dir/new"
[ ! -e "$dir/new" ] || fail "--check-config made the data folder"
no_keyring "--check-config"
run help-value 2 "--help takes no value" "$twofoldd" --help=3

# Who does not know the commands yet: help names each, and a misplaced one is told where it belongs.
run help 0 "twofoldd keys" "$twofoldd" --help
for command in keys backup restore; do
    says "$dir/help.log" "       twofoldd $command "
    run "help-$command" 0 "usage: twofoldd $command" "$twofoldd" "$command" --help
done
run late 2 "the command comes first: twofoldd keys list --data-dir $dir/new" "$twofoldd" --data-dir "$dir/new" keys list
run no-command 2 "twofoldd: there is no command key; see twofoldd --help" "$twofoldd" key list
no_keyring "a misplaced command"

# Where a keyring is named, only `keys init` makes it.
export TWOFOLD_DATA_DIR=$dir/data TWOFOLD_KEYRING_FILE=$dir/named.keyring
run unmade 1 'for a new database, make one with `twofoldd keys init`' "$twofoldd"
no_keyring "a start without the named keyring"
run keys-help 0 "init" "$twofoldd" keys --help
run keys-nothing 2 "keys needs a command" "$twofoldd" keys
run keys-unknown 2 "no such command" "$twofoldd" keys innit
run keys-mistake 2 "TWOFOLD_BATCH_MAX" env TWOFOLD_BATCH_MAX=x "$twofoldd" keys init
run keys-inside 2 "TWOFOLD_KEYRING_FILE" "$twofoldd" keys init --keyring-file "$dir/data/keyring"
no_keyring "a mistake"
run init 0 "made a new keyring at $dir/named.keyring" "$twofoldd" keys init
says "$dir/init.log" "copy of it apart from the database"
[ "$(stat -c %a "$dir/named.keyring")" = 600 ] || fail "keyring mode is $(stat -c %a "$dir/named.keyring")"
sum=$(sha256sum <"$dir/named.keyring")
run init-again 1 "there is a file at $dir/named.keyring already" "$twofoldd" keys init
run init-elsewhere 0 "$dir/flag.keyring" "$twofoldd" keys init --keyring-file "$dir/flag.keyring"
[ "$sum" = "$(sha256sum <"$dir/named.keyring")" ] || fail "the keyring changed"

# The client's whole environment does not stop the service, nor that of docker's compose files.
top=$(dirname "$0")/../..
client=() rig=()
while IFS= read -r name; do
    client+=("$name=${!name-}")
done < <(grep -ohE '"TWOFOLD_[A-Z_]+"' "$top"/client/cli/*.c | tr -d '"' | sort -u)
while IFS= read -r name; do
    rig+=("$name=1")
done < <(grep -ohE '\$\{TWOFOLD_[A-Z_]+' "$top"/docker/compose*.yaml | tr -d '${' | sort -u)
[ ${#client[@]} -gt 5 ] || fail "found no variables of the client"
[ ${#rig[@]} -gt 2 ] || fail "found no variables of the compose files"
start_service first "${client[@]}" "${rig[@]}"
serving first
cli ping >/dev/null
end "$pid"
says "$dir/first.log" 'msg=stopped'

# As another user: what may not be looked into is not taken for empty.
[ "$(id -u)" = 0 ] || exit 0
unset TWOFOLD_KEYRING_FILE
chmod 777 "$dir"
cp "$twofoldd" "$dir/twofoldd"
nobody=(setpriv --reuid=65534 --clear-groups "$dir/twofoldd")
run other-user 1 "the data folder $dir/data is not writable: Permission denied" "${nobody[@]}"
[ ! -e "$dir/data.keyring" ] || fail "a keyring was made beside a database that was there"
mkdir -m 777 "$dir/shared"
cp -p "$dir/named.keyring" "$dir/shared.keyring"
run other-keyring 2 "TWOFOLD_KEYRING_FILE is $dir/shared.keyring, which cannot be read: Permission denied" \
    "${nobody[@]}" --check-config --data-dir "$dir/shared"

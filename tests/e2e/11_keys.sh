#!/bin/bash
# Goal: an operator's life with keys: made, listed, added, rotated and retired beside a running service,
# which goes on knowing its users; every refusal says what to do next and changes nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
export TWOFOLD_DATA_DIR=$dir/data TWOFOLD_KEYRING_FILE=$dir/keys/ring
keys() { "$bin/twofoldd" keys "$@"; }
# refused CODE TEXT COMMAND...: it ends with CODE and says TEXT; the keyring is as before.
refused() {
    local expected=$1 text=$2 sum code=0
    shift 2
    sum=$(cksum <"$TWOFOLD_KEYRING_FILE")
    keys "$@" >"$dir/out.txt" 2>&1 || code=$?
    [ $code = "$expected" ] || fail "keys $* ended with $code: $(cat "$dir/out.txt")"
    says "$dir/out.txt" "$text"
    [ "$sum" = "$(cksum <"$TWOFOLD_KEYRING_FILE")" ] || fail "keys $* changed the keyring"
}
# key ID: its row in the list, columns parted by single spaces.
key() { keys list | awk -v id="$1" '$1 == id { $1 = $1; print }'; }

mkdir "$dir/keys"
keys init >"$dir/init.txt"
says "$dir/init.txt" 'Keep a copy'
[ "$(stat -c %a "$TWOFOLD_KEYRING_FILE")" = 600 ] || fail "the keyring can be read by others"
refused 1 'already' init
refused 1 'there is no database' rotate
refused 2 'no such command' turn
refused 2 'needs a command'
refused 2 'something is missing' retire
refused 2 'more than the command takes' rotate now
refused 2 "the key's id is a number" retire one
keys --help >"$dir/help.txt"
for command in init list add rotate retire; do says "$dir/help.txt" "$command"; done

start_nats
start_service service
serving service
enroll alice
today=$(date -u +%F)
[[ $(key 1) == "1 active $today 2 1" ]] || fail "one user, one org, one set: $(keys list)"
refused 1 'is the active one' retire 1
refused 1 'is the active one' retire --log-level info 1
refused 1 'has no key 9' retire 9

# Whose folder it is not is told so, and gets no list that leaves the database out.
without_rights() {
    local code=0 drop=()
    [ "$(id -u)" != 0 ] || drop=(setpriv '--bounding-set=-dac_override,-dac_read_search')
    chmod 000 "$dir/data"
    "${drop[@]}" "$bin/twofoldd" "$@" >"$dir/foreign.txt" 2>&1 || code=$?
    chmod 700 "$dir/data"
    [ $code = 1 ] || fail "$* ended with $code: $(cat "$dir/foreign.txt")"
    says "$dir/foreign.txt" "cannot read $dir/data: Permission denied; run it as the service's user"
}
without_rights keys list
without_rights keys rotate
without_rights backup "$dir/backup"
[ ! -e "$dir/backup.partial" ] || fail "something was made"

keys add >"$dir/add.txt"
says "$dir/add.txt" 'key 2'
refused 1 'not in use yet' retire 2
keys rotate >"$dir/rotate.txt" 2>&1
says "$dir/rotate.txt" 'key 2 is active'
await "$dir/service.log" 'read the keyring again'
[[ $(key 1) == "1 reading $today 0 1" && $(key 2) == "2 active $today 2 0" ]] || fail "$(keys list)"

# What was sealed under the first key still opens, before it retires and after.
otp 0 | cli verify alice >/dev/null || fail "a code was refused after the rotation"
keys retire 1 >"$dir/retire.txt"
says "$dir/retire.txt" 'keeps only the pepper'
[[ $(key 1) == "1 pepper $today 0 1" ]] || fail "$(keys list)"
echo "$recovery" | cli verify alice --recovery >/dev/null || fail "a recovery code died with its key"
refused 0 'key 1 was retired before; 1 set of recovery codes still needs its pepper' retire 1
otp 1 | cli verify alice >/dev/null || fail "a code was refused after the retirement"

# With the last code of it gone, so is the pepper; and a restart needs neither.
cli reset alice >/dev/null
keys retire 1 >"$dir/retire.txt"
[ -z "$(key 1)" ] || fail "$(keys list)"
end "${pids[@]}"
pids=()
start_service again
serving again
cli status alice >"$dir/status.txt"
says "$dir/status.txt" 'NOT_ENROLLED'

# Numbers go on, also after the key between is gone.
keys rotate >/dev/null 2>&1
[ "$(keys list | awk '$2 == "active" { print $1 }')" = 3 ] || fail "a number was used again: $(keys list)"

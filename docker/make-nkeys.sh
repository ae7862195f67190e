#!/bin/bash
# Makes the NATS logins (nkeys) that a server configuration asks for, with nothing but openssl and coreutils.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: make-nkeys.sh CONFIG DIR

For every login "nkey: $NAME" in CONFIG (nats.conf, nats-accounts.conf) there will be
  DIR/name.nk    its seed, mode 600: for TWOFOLD_NATS_NKEY_FILE and twofold --nkey
  DIR/keys.conf  the public keys, which CONFIG includes; nothing in it is secret
The server needs keys.conf only: move each seed to whom it belongs. A login that is in keys.conf keeps its key
in a later run; for a new one delete its line, and its seed if that is still here.
USAGE
}
fail() { echo "make-nkeys.sh: $*" >&2; exit 1; }
case ${1:-} in -h | --help) usage; exit 0 ;; esac
[ $# = 2 ] || { usage >&2; exit 2; }
config=$1 dir=$2
[ -r "$config" ] || fail "cannot read $config"
[ -d "$dir" ] || fail "there is no folder $dir"
umask 077

# Seeds stay in variables and pipes of shell built-ins: no argument list of a process ever has one.
hex_to_bytes() { printf '%b' "$(sed 's/../\\x&/g')"; }
bytes_to_hex() { od -An -v -tx1 | tr -d ' \n'; }

# with_crc HEX: HEX and its CRC-16 (XMODEM), low byte first.
with_crc() {
    local hex=$1 crc=0 i n
    for ((i = 0; i < ${#hex}; i += 2)); do
        ((crc ^= 0x${hex:i:2} << 8)) || true
        for ((n = 0; n < 8; n++)); do
            ((crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff)) || true
        done
    done
    printf '%s%02x%02x' "$hex" $((crc & 255)) $((crc >> 8))
}

# All that is called on the left of || or && says "|| return 1" itself: there the shell ends nothing by -e.
# An nkey is base32 of a prefix, 32 bytes and their checksum: "SU" (9500) a user's seed, "U" (a0) the key.
make_seed() {
    local seed
    seed=$(openssl genpkey -algorithm ed25519 -outform DER | bytes_to_hex) || return 1
    with_crc "9500${seed: -64}" | hex_to_bytes | base32 -w 0 | tr -d = || return 1
    echo
}
public_of() {
    local raw key
    raw=$(printf '%s======' "$1" | base32 -d 2>/dev/null | bytes_to_hex) || return 1
    [ "${raw:0:4}" = 9500 ] && [ "$(with_crc "${raw:0:68}")" = "$raw" ] || return 1
    # In front of a bare key openssl wants the DER that says what it is.
    key=$(printf '302e020100300506032b657004220420%s' "${raw:4:64}" | hex_to_bytes |
        openssl pkey -inform DER -pubout -outform DER | bytes_to_hex) || return 1
    with_crc "a0${key: -64}" | hex_to_bytes | base32 -w 0
}

# known NAME: its public key, of an earlier run.
known() { sed -n "s/^$1 = //p" "$dir/keys.conf" 2>/dev/null || true; }

mapfile -t names < <(grep -oE 'nkey: *\$[A-Z][A-Z0-9_]*' "$config" | sed 's/.*\$//' | sort -u)
[ ${#names[@]} != 0 ] || fail "no login (nkey: \$NAME) in $config"
new=$dir/seed.new # a seed is whole, or not there
trap 'rm -f "$dir/keys.conf.new" "$new"' EXIT
{
    echo "# Public keys of the logins, made by make-nkeys.sh."
    for name in "${names[@]}"; do
        file=$dir/$(tr 'A-Z_' 'a-z-' <<<"$name").nk
        public=$(known "$name")
        if [ -e "$file" ] || [ -z "$public" ]; then
            if [ ! -e "$file" ]; then
                make_seed >"$new" || fail "openssl has made no key"
                mv "$new" "$file"
            fi
            public=$(public_of "$(<"$file")") || fail "no seed of a user in $file"
        fi
        echo "$name = $public"
    done
} >"$dir/keys.conf.new"
mv "$dir/keys.conf.new" "$dir/keys.conf"
chmod 644 "$dir/keys.conf"

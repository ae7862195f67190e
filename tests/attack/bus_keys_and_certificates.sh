#!/bin/bash
# Goal: the scripts that make keys and certificates overwrite nothing, leave no secret that others may read,
# can be run again, and say how they are used.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

ca=$docker/make-ca.sh nkeys=$docker/make-nkeys.sh
# ends CODE COMMAND...: its output is in $dir/out.txt.
ends() {
    local want=$1 code=0
    shift
    "$@" >"$dir/out.txt" 2>&1 || code=$?
    [ $code = "$want" ] || fail "$* ended with $code, not $want: $(<"$dir/out.txt")"
}
ends 0 "$ca" --help
says "$dir/out.txt" 'Usage: make-ca.sh DIR [HOST...]'
ends 2 "$ca"
ends 0 "$nkeys" --help
says "$dir/out.txt" 'Usage: make-nkeys.sh CONFIG DIR'
ends 2 "$nkeys" "$docker/nats.conf"

ends 1 "$ca" "$dir/pki" 'a b'
ends 0 "$ca" "$dir/pki" bus.example.org 1.2.3.4.example.org 10.1.2.3 ::1
openssl x509 -in "$dir/pki/server.pem" -noout -ext subjectAltName >"$dir/names.txt"
says "$dir/names.txt" 'DNS:bus.example.org, DNS:1.2.3.4.example.org, IP Address:10.1.2.3, IP Address:0:0:0:0:0:0:0:1'
openssl x509 -in "$dir/pki/ca.pem" -noout -ext basicConstraints >"$dir/constraints.txt"
says "$dir/constraints.txt" 'critical'
says "$dir/constraints.txt" 'CA:TRUE, pathlen:0'
openssl verify -CAfile "$dir/pki/ca.pem" -purpose sslserver "$dir/pki/server.pem" >/dev/null
[ "$(stat -c %a "$dir/pki/ca.key" "$dir/pki/server.key" "$dir/pki" | sort -u | tr '\n' ' ')" = "600 700 " ] ||
    fail "keys that others may read"
sums=$(sha256sum "$dir"/pki/*)
ends 1 "$ca" "$dir/pki" elsewhere
says "$dir/out.txt" 'is there already'
[ "$sums" = "$(sha256sum "$dir"/pki/*)" ] || fail "something was overwritten"
# A new certificate of the same authority, when the old one was moved away; never a new authority by halves.
rm "$dir/pki/server.pem" "$dir/pki/server.key"
ends 0 "$ca" "$dir/pki"
openssl verify -CAfile "$dir/pki/ca.pem" "$dir/pki/server.pem" >/dev/null
rm "$dir/pki/server.pem" "$dir/pki/server.key" "$dir/pki/ca.key"
ends 1 "$ca" "$dir/pki"
says "$dir/out.txt" 'only one'
[ -z "$(find "$dir/pki" -name '.make-ca*')" ] || fail "a working folder is left"

# Where openssl makes no key, nothing is left that looks like one, nor a list of logins without them.
mkdir "$dir/keys" "$dir/broken"
for mode in 'exit 1' 'echo; exit 1' '[ "$1" = pkey ] && exit 1; exec /usr/bin/openssl "$@"'; do
    printf '#!/bin/bash\n%s\n' "$mode" >"$dir/broken/openssl"
    chmod +x "$dir/broken/openssl"
    ends 1 env PATH="$dir/broken:$PATH" "$nkeys" "$docker/nats.conf" "$dir/keys"
    [ ! -e "$dir/keys/keys.conf" ] || fail "keys.conf of logins without keys, with openssl: $mode"
    for file in "$dir"/keys/*; do
        [ ! -e "$file" ] || [[ $(<"$file") =~ ^SU[A-Z2-7]{56}$ ]] || fail "$file is left, with openssl: $mode"
    done
done
rm -f "$dir"/keys/*
ends 0 "$nkeys" "$docker/nats.conf" "$dir/keys"
[ "$(stat -c %a "$dir"/keys/*.nk | sort -u)" = 600 ] || fail "seeds that others may read"
sums=$(sha256sum "$dir"/keys/*)
ends 0 "$nkeys" "$docker/nats.conf" "$dir/keys"
[ "$sums" = "$(sha256sum "$dir"/keys/*)" ] || fail "a second run changed something"
for seed in "$dir"/keys/*.nk; do
    [[ $(<"$seed") =~ ^SU[A-Z2-7]{56}$ ]] || fail "no seed in $seed"
    ! grep -qFf "$seed" "$dir/keys/keys.conf" || fail "a seed is in keys.conf"
done
ends 0 "$nkeys" "$docker/nats-accounts.conf" "$dir/keys"
grep -q '^GLOBEX_ADMIN = U[A-Z2-7]\{55\}$' "$dir/keys/keys.conf" || fail "no key for a new login"
says <(sha256sum "$dir/keys/ops.nk") "$(grep 'ops.nk' <<<"$sums")"
# Seeds that were handed out are not made anew; a login without its line is.
before=$(<"$dir/keys/keys.conf")
rm "$dir"/keys/*.nk
ends 0 "$nkeys" "$docker/nats-accounts.conf" "$dir/keys"
[ "$before" = "$(<"$dir/keys/keys.conf")" ] || fail "logins in use got other keys"
sed -i '/^OPS = /d' "$dir/keys/keys.conf"
ends 0 "$nkeys" "$docker/nats-accounts.conf" "$dir/keys"
[ "$(cd "$dir/keys" && echo *.nk)" = ops.nk ] || fail "not exactly the new login has a seed"
before=$(<"$dir/keys/keys.conf")
echo SUNOSEED >"$dir/keys/ops.nk"
ends 1 "$nkeys" "$docker/nats.conf" "$dir/keys"
says "$dir/out.txt" "no seed of a user in $dir/keys/ops.nk"
[ "$before" = "$(<"$dir/keys/keys.conf")" ] || fail "a failed run changed keys.conf"

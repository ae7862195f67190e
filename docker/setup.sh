#!/bin/bash
# Makes, once, what the rig of compose.yaml needs: certificates, logins of the bus, the keyring. Run again it keeps
# what is there, brings the bus its configuration, and renews a certificate that ends within a month.
#
# Each folder is a volume that only those mount who need it:
#   /bus        the NATS server: its configuration, certificate and key, the public keys of the logins
#   /service    twofoldd: its logins, the keyring, the certificate that it trusts the bus by
#   /callers    those who call: a login for each role, the same certificate
#   /authority  nobody: the key of the certificate authority, the login that makes readers of the trail
set -euo pipefail
umask 077
cd /setup
BUS_NAMES=${BUS_NAMES:-nats localhost 127.0.0.1}
RENEW_SECONDS=$((30 * 24 * 3600))

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
# put FILE TO: a copy that is whole or not there.
put() { cp "$1" "$2.new" && mv "$2.new" "$2"; }

for folder in /bus /service /callers /authority /jetstream; do
    [ -w $folder ] || fail "cannot write to $folder: the volume belongs to somebody else than user $(id -u);" \
        "remove it (docker compose down -v), or give it to that user"
done

if [ -e /authority/server.pem ] && ! openssl x509 -in /authority/server.pem -noout -checkend $RENEW_SECONDS >/dev/null; then
    say "the bus's certificate ends soon: making a new one; restart the service nats afterwards"
    rm -f /authority/server.pem /authority/server.key
fi
if [ ! -e /authority/server.pem ] || [ ! -e /authority/server.key ]; then
    rm -f /authority/server.pem /authority/server.key
    # shellcheck disable=SC2086
    ./make-ca.sh /authority $BUS_NAMES
    say "made a certificate for $BUS_NAMES"
fi

# Seeds are made in one folder, where make-nkeys.sh finds those of earlier runs, and then given away.
mkdir -p /authority/logins
./make-nkeys.sh nats.conf /authority/logins
for file in /authority/logins/*.nk; do
    name=${file##*/}
    case $name in
    service-*.nk | health.nk) put "$file" "/service/$name" ;;
    provision.nk) ;;
    *) put "$file" "/callers/$name" ;;
    esac
done

if [ ! -e /service/keyring ]; then
    twofoldd keys init --keyring-file /service/keyring
    say "made the keyring: keep a copy of it apart from the database (docker/README.md)"
fi

for folder in /service /callers; do put /authority/ca.pem $folder/ca.pem; done
for file in server.pem server.key; do put /authority/$file /bus/$file; done
put /authority/logins/keys.conf /bus/keys.conf
for file in nats.conf nats.compose.conf; do put $file /bus/$file; done
say "ready: certificates, $(find /authority/logins -name '*.nk' | wc -l) logins, keyring"

#!/bin/bash
# Makes, once, what the rig of compose.yaml needs: certificates, logins of the bus, the keyring. Run again it keeps
# what is there, brings the bus its configuration, and renews a certificate that ends within a month. What was taken
# out of /authority after the first run is not made anew: all others hold what belongs to it.
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

# Two at a time would each make an authority, and keep one's certificate beside the other's.
exec 9>/authority/lock
flock -w 60 9 || fail "another setup has been at work for a minute: end it"
rm -rf /authority/.make-ca.* # of a run that was killed

made_before() { [ -e /bus/nats.compose.conf ]; } # the last thing that is made
# Other names than those that the certificate was made for.
renamed() { [ -e /authority/bus-names ] && [ "$(</authority/bus-names)" != "$BUS_NAMES" ]; }
ends_soon() { ! openssl x509 -in "$1" -noout -checkend $RENEW_SECONDS >/dev/null; }

if made_before && [ ! -e /authority/ca.key ]; then
    say "the authority was taken away: no certificate is made"
    ! ends_soon /bus/server.pem ||
        say "the bus's certificate ends soon: bring ca.pem and ca.key back into the volume authority, and start again"
elif [ ! -e /authority/server.pem ] || [ ! -e /authority/server.key ] || ends_soon /authority/server.pem || renamed; then
    made_before || [ -e /authority/ca.key ] || rm -f /authority/ca.pem # half of what a broken-off run made
    rm -f /authority/server.pem /authority/server.key
    # shellcheck disable=SC2086
    ./make-ca.sh /authority $BUS_NAMES
    echo "$BUS_NAMES" >/authority/bus-names
    say "made a certificate for $BUS_NAMES; if the service nats runs with another one, restart it"
fi
if [ -e /authority/ca.pem ] && ends_soon /authority/ca.pem; then
    say "the authority itself ends soon, and callers trust nothing else: docker compose down, remove the volumes authority," \
        "bus and callers (never service: it has the keyring), start again, and give every caller its new seed and ca.pem"
fi

if made_before && [ ! -e /authority/logins/keys.conf ]; then
    say "the logins were taken away: logins and the configuration of the bus stay as they are"
else
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
fi

if [ ! -e /service/keyring ] && made_before; then
    say "the keyring is missing, and none is made in its place: the database can be read with your copy of it alone"
elif [ ! -e /service/keyring ]; then
    twofoldd keys init --keyring-file /service/keyring
    say "made the keyring: keep a copy of it apart from the database (docker/README.md)"
fi

# give FILE TO: unless it was taken away.
give() { [ ! -e "$1" ] || put "$1" "$2"; }
for folder in /service /callers; do give /authority/ca.pem $folder/ca.pem; done
for file in server.pem server.key; do give /authority/$file /bus/$file; done
if [ -e /authority/logins/keys.conf ]; then
    put /authority/logins/keys.conf /bus/keys.conf
    for file in nats.conf nats.compose.conf; do put $file /bus/$file; done
fi
say "ready: certificates, $(find /service /callers -name '*.nk' | wc -l) logins, keyring"

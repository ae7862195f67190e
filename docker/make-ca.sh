#!/bin/bash
# Makes a private certificate authority and the certificate of a NATS server, for a rig.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: make-ca.sh DIR [HOST...]

Makes in DIR, which is made too if need be (private keys have mode 600):
  ca.pem       the authority's certificate: give it to every client (TWOFOLD_NATS_TLS_CA, --tls-ca)
  ca.key       its key: whoever has it can be any server. Keep it apart, or delete it
  server.pem   the certificate of the NATS server, for every HOST: a name, or an IP address
  server.key   its key
HOST is what stands in the clients' address of the bus; without any it is localhost, 127.0.0.1 and ::1.
Good for 825 days, or CERT_DAYS; the authority for ten years, so that a server's certificate
made anew is still its. Nothing is ever overwritten: where ca.pem and ca.key are already, only
the server's two files are made, once they are moved away.
USAGE
}
fail() { echo "make-ca.sh: $*" >&2; exit 1; }
case ${1:-} in -h | --help) usage; exit 0 ;; '' | -*) usage >&2; exit 2 ;; esac
dir=$1
shift
[ $# != 0 ] || set -- localhost 127.0.0.1 ::1
days=${CERT_DAYS:-825}
ca_days=$((days > 3650 ? days : 3650))

names=''
for host in "$@"; do
    case $host in
    *[!A-Za-z0-9.:*-]* | '') fail "neither a name nor an address: $host" ;;
    *:*) names+=,IP:$host ;;
    *) [[ $host =~ ^[0-9]+(\.[0-9]+){3}$ ]] && names+=,IP:$host || names+=,DNS:$host ;;
    esac
done

umask 077
mkdir -p "$dir"
cd "$dir"
for file in server.pem server.key; do
    [ ! -e $file ] || fail "$dir/$file is there already: move it away first"
done
work=$(mktemp -d ./.make-ca.XXXXXX)
trap 'rm -rf "$work"' EXIT
# ask COMMAND...: openssl, which is only heard when it fails.
ask() { openssl "$@" 2>"$work/log" || fail "openssl: $(<"$work/log")"; }
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

if [ -e ca.pem ] && [ -e ca.key ]; then
    cp ca.pem ca.key "$work"
elif [ -e ca.pem ] || [ -e ca.key ]; then
    fail "of ca.pem and ca.key only one is in $dir"
else
    ask req -x509 "${new_key[@]}" -keyout "$work/ca.key" -out "$work/ca.pem" -days "$ca_days" \
        -subj "/CN=Twofold rig authority $(openssl rand -hex 4)" \
        -addext basicConstraints=critical,CA:true,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign
fi
ask req "${new_key[@]}" -keyout "$work/server.key" -out "$work/server.csr" -subj "/CN=nats-server"
cat >"$work/extensions" <<EXTENSIONS
subjectAltName=${names#,}
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
authorityKeyIdentifier=keyid
EXTENSIONS
ask x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days "$days" \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/extensions" -out "$work/server.pem"
chmod 644 "$work/ca.pem" "$work/server.pem"
chmod 600 "$work/ca.key" "$work/server.key"
[ -e ca.pem ] || mv "$work/ca.pem" "$work/ca.key" .
mv "$work/server.pem" "$work/server.key" .

#!/bin/bash
# Goal: what is wrong between the bus and the service or the command line is told in words that say what to
# do next, and within seconds: certificate, authority, login, permission. No secret is in any of it.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

# refused TITLE CLI-SAYS SERVICE-SAYS [ENV=VALUE...]: neither gets through; both say why.
refused() {
    local title=$1 cli_says=$2 service_says=$3 code=0
    shift 3
    env TWOFOLD_NATS_NKEY_FILE="$bus/acme-verifier.nk" "$@" "$bin/twofold" --org acme --timeout 2 \
        --inbox-prefix _INBOX.acme.verifier status alice >"$dir/cli-$title.log" 2>&1 </dev/null || code=$?
    [ $code = 3 ] || fail "$title: the command line ended with $code"
    says "$dir/cli-$title.log" "$cli_says"
    start_service "$title" TWOFOLD_NATS_NKEY_FILE="$bus/service-requests.nk" "$@"
    ended "$pid"
    [ "$code" = 1 ] || fail "$title: the service ended with $code"
    says "$dir/$title.log" "$service_says"
}
# certified CERT-DAYS FROM: the server starts with a certificate of the same authority, made at FROM.
certified() {
    [ ! -e "$bus/server.pem" ] || rm "$bus/server.pem" "$bus/server.key"
    CERT_DAYS=$1 faketime "$2" "$docker/make-ca.sh" "$bus" 127.0.0.1
    port=
    serve_bus nats.conf
}

start_bus nats.conf
mkdir "$dir/other"
"$docker/make-ca.sh" "$dir/other" 127.0.0.1
"$docker/make-nkeys.sh" "$bus/nats.conf" "$dir/other"
openssl x509 -in "$dir/other/ca.pem" -noout -checkend $((2 * 825 * 24 * 3600)) >/dev/null ||
    fail "a server's certificate that is made anew outlives its authority"
authority="name the authority's certificate as the TLS CA file"
own_authority="name the authority's own certificate in TWOFOLD_NATS_TLS_CA"
refused another-host 'its certificate is for another host' 'in TWOFOLD_NATS_URL use a name that the certificate has' \
    TWOFOLD_NATS_URL="tls://localhost:$port"
refused another-authority "$authority" "$own_authority" TWOFOLD_NATS_TLS_CA="$dir/other/ca.pem"
refused no-authority "$authority" "$own_authority" TWOFOLD_NATS_TLS_CA=
refused plain-text-to-tls "$authority" "$own_authority" TWOFOLD_NATS_TLS_CA= TWOFOLD_NATS_URL="nats://127.0.0.1:$port"
refused no-login 'it refuses this login; name the right nkey' 'refuses the login of a client without a login' \
    TWOFOLD_NATS_NKEY_FILE=
stranger=$(sed -n 's/^OPS = //p' "$dir/other/keys.conf")
refused unknown-login 'it refuses this login; name the right nkey' "refuses the login of nkey $stranger" \
    TWOFOLD_NATS_NKEY_FILE="$dir/other/ops.nk"
refused no-permission 'answers must arrive where this login may listen' \
    'TWOFOLD_NATS_NKEY_FILE (or _CREDS), or allow this one to subscribe to \"$SRV.PING\"' \
    TWOFOLD_NATS_NKEY_FILE="$bus/ops.nk" TWOFOLD_NATS_INBOX_PREFIX=_INBOX.ops
stop_nats

certified 7 '30 days ago'
refused expired 'its certificate has expired' 'its certificate has expired: give the server a new one'
stop_nats
certified 70 '+30 days'
refused not-yet-valid 'compare the clocks of both hosts' 'compare the clocks of both hosts'
stop_nats
start_nats
refused tls-to-plain-text 'it does not offer TLS' 'it does not offer TLS: switch TLS on there' \
    TWOFOLD_NATS_URL="tls://127.0.0.1:$nats_port"
stop_nats

# A login for the audit trail that may not listen for acknowledgements, or not publish it, or may not make the
# stream: the service serves, and says what it keeps back, and what to do.
kept_back() {
    local name=$1 says=$2
    shift 2
    start_service "$name" TWOFOLD_DATA_DIR="$dir/data-$name" TWOFOLD_NATS_NKEY_FILE="$bus/service-requests.nk" \
        TWOFOLD_AUDIT_NATS_NKEY_FILE="$bus/service-audit.nk" "$@"
    serving "$name"
    await "$dir/$name.log" "$says"
    end "$pid"
}
certified 70 '-1 hour'
kept_back wrong-audit 'allow it to subscribe to ."_INBOX.service-audit.>' TWOFOLD_AUDIT_NATS_NKEY_FILE="$bus/ops.nk"
stop_nats
# shellcheck disable=SC2016
for grant in 'twofold.audit.v1.>' '$JS.API.STREAM.CREATE.TWOFOLD_AUDIT'; do
    sed "/SERVICE_AUDIT\$/,/PROVISION\$/s|\"$grant\"|\"nothing\"|" "$bus/nats.conf" >"$bus/less.conf"
    ! cmp -s "$bus/nats.conf" "$bus/less.conf" || fail "$grant is not in the configuration"
    rm -rf "$bus/jetstream"
    port=
    serve_bus less.conf
    case $grant in
    twofold*) kept_back may-not-publish 'allow the login of the audit trail to publish' ;;
    *) kept_back may-not-make 'audit stream.* with a login that may, or this command.*nats stream add TWOFOLD_AUDIT' ;;
    esac
    stop_nats
done
for seed in "$bus"/*.nk "$dir"/other/*.nk; do
    ! grep -qFf "$seed" "$dir"/*.log || fail "a seed is in a log"
done

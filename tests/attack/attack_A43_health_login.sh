#!/bin/bash
# Goal: with each shipped configuration the login "health" is enough for `twofoldd health`, over TLS, and that of
# nobody else is, but the operator's own; what is refused or missing is said in a line that says what to allow
# or which setting to correct, and no seed is in any of it.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

options=()
# health CODE WORDS [ENV=VALUE...]: ends with CODE and says WORDS, in a line.
health() {
    local expected=$1 words=$2 code=0
    shift 2
    env TWOFOLD_DATA_DIR="$dir/nowhere" TWOFOLD_HEALTH_NATS_NKEY_FILE="$bus/health.nk" "$@" \
        timeout 20 "$bin/twofoldd" health --timeout 2 "${options[@]}" >"$dir/health.txt" 2>"$dir/health.log" || code=$?
    [ $code = "$expected" ] || fail "health ended with $code: $(cat "$dir/health.txt" "$dir/health.log")"
    [ "$(wc -l <"$dir/health.txt")" = 1 ] || fail "not one line: $(<"$dir/health.txt")"
    says "$dir/health.txt" "$words"
    cat "$dir/health.txt" "$dir/health.log" >>"$dir/said.txt"
}
for layout in nats.conf nats-accounts.conf; do
    start_bus $layout
    health 1 'no twofoldd answers'
    start_roles_service "service-$layout"
    health 0 'well: 1 instance'
    health 0 'well: 1 instance' TWOFOLD_NATS_NKEY_FILE="$bus/service-requests.nk"
    options=(--inbox-prefix _INBOX.ops)
    health 0 'well: 1 instance' TWOFOLD_HEALTH_NATS_NKEY_FILE="$bus/ops.nk"
    options=()
    # Without a setting of its own it takes the service's login, which may not.
    for role in service-requests service-audit ops provision audit-reader acme-verifier acme-auditor; do
        health 1 'allow it to subscribe to "_INBOX.health.>"' \
            TWOFOLD_HEALTH_NATS_NKEY_FILE= TWOFOLD_NATS_NKEY_FILE="$bus/$role.nk"
    done
    health 1 'refuses the login of a client without a login' TWOFOLD_HEALTH_NATS_NKEY_FILE=
    says "$dir/health.txt" 'TWOFOLD_HEALTH_NATS_*'
    end "$pid"

    # Another key than the server knows, and a file without one.
    mkdir "$dir/other-$layout"
    "$docker/make-nkeys.sh" "$bus/$layout" "$dir/other-$layout"
    health 1 "refuses the login of nkey $(sed -n 's/^HEALTH = //p' "$dir/other-$layout/keys.conf")" \
        TWOFOLD_HEALTH_NATS_NKEY_FILE="$dir/other-$layout/health.nk"
    health 1 '(TWOFOLD_HEALTH_NATS_NKEY_FILE) holds no user seed' TWOFOLD_HEALTH_NATS_NKEY_FILE="$bus/keys.conf"
    health 1 "name the authority's own certificate in TWOFOLD_NATS_TLS_CA" TWOFOLD_NATS_TLS_CA=
    stop_nats

    # A login that may listen, and not ask.
    # shellcheck disable=SC2016
    sed '/HEALTH$/,/}/s/"$SRV.STATS.twofold"/"nothing"/' "$bus/$layout" >"$bus/less.conf"
    ! cmp -s "$bus/$layout" "$bus/less.conf" || fail "nothing was taken from the configuration"
    port=
    serve_bus less.conf
    health 1 'allow it to publish "$SRV.STATS.twofold"'
    stop_nats
done
for seed in "$bus"/*.nk "$dir"/other-*/*.nk; do
    ! grep -qFf "$seed" "$dir/said.txt" || fail "a seed was said"
done

#!/bin/bash
# Goal: each role's login, with its own inbox, is enough for all that it is for, from the command line and
# over TLS; the same command with another role's login is refused by the bus, and says so. For both layouts.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

# refused_for ROLE WORD...: no answer, and the bus's own word for it.
refused_for() {
    local code=0
    as "$@" --timeout 1 >"$dir/refused.txt" 2>&1 </dev/null || code=$?
    [ $code = 3 ] || fail "$*: exit code $code: $(<"$dir/refused.txt")"
    says "$dir/refused.txt" "this login may not do that: use one whose role may"
}
for layout in nats.conf nats-accounts.conf; do
    start_bus $layout
    start_roles_service "service-$layout"

    as ops ping | grep -q " ms$" || fail "nobody answered the ping"
    # Not by the function: a shell around it would be ended in its place.
    "$bin/twofold" --org acme --nkey "$bus/acme-auditor.nk" --inbox-prefix _INBOX.acme.auditor \
        audit tail --follow >"$dir/trail-$layout.txt" 2>"$dir/tail.log" &
    tail=$!
    pids+=("$tail")
    await "$dir/tail.log" 'watching'
    as acme-admin policy set mode=optional >/dev/null
    echo 'correct horse' | as acme-admin user put alice >/dev/null

    # The user's own page enrols; the first code is one step old, so that two more are fresh.
    mkfifo "$dir/answers"
    as acme-account enroll alice <"$dir/answers" >"$dir/enroll.txt" &
    enroll=$!
    exec 3>"$dir/answers"
    echo 'correct horse' >&3
    await "$dir/enroll.txt" '^URI:'
    secret=$(sed -n 's/.*[?&]secret=\([A-Z2-7]*\).*/\1/p' "$dir/enroll.txt" | head -n 1)
    [ $(($(date +%s) % 30)) -lt 22 ] || sleep 9
    otp -1 >&3
    exec 3>&-
    wait $enroll
    rm "$dir/answers"

    otp 0 | as acme-verifier verify alice --purpose payment | grep -q '^method: TOTP'
    as acme-verifier status alice | grep -q '^state: ACTIVE'
    { echo 'correct horse'; otp 1; } | as acme-login login alice --code | grep -q AUTHENTICATED
    await "$dir/trail-$layout.txt" 'login.succeeded'
    says "$dir/trail-$layout.txt" "enrollment.completed"
    end $tail
    # Who asked is known only where the server attests it: from another account.
    attested=$(grep -c ' actor=acme/U' "$dir/trail-$layout.txt" || true)
    if [ $layout = nats.conf ]; then
        [ "$attested" = 0 ] || fail "$attested events have an actor that nobody attests"
    else
        [ "$attested" -ge 5 ] || fail "only $attested events have an actor"
    fi

    # The archive: provision makes the reader, in its own name the reader uses it, and nobody else can.
    TWOFOLD_AUDIT_NATS_NKEY_FILE=$bus/provision.nk "$bin/twofoldd" audit stream --reader archive \
        --inbox-prefix _INBOX.provision >"$dir/made.txt"
    says "$dir/made.txt" 'Reader archive'
    ! grep -q Weaker "$dir/made.txt" || fail "$(<"$dir/made.txt")"
    reader=(audit export --all-orgs --durable archive --js-domain TWOFOLD --out "$dir/archive-$layout.ndjson")
    cli --nkey "$bus/audit-reader.nk" --inbox-prefix _INBOX.audit-reader "${reader[@]}" 2>"$dir/export.log"
    says "$dir/archive-$layout.ndjson" '"type":"twofold.v1.login.succeeded"'
    refused_for acme-verifier "${reader[@]}"
    refused_for acme-auditor "${reader[@]}"

    refused_for acme-verifier user list
    refused_for acme-login status alice
    refused_for acme-account token alice
    refused_for acme-admin status alice
    refused_for acme-auditor status alice
    refused_for ops status alice
    refused_for acme-verifier ping
    refused_for acme-verifier audit tail --follow
    refused_for acme-verifier audit tail
    # The prefix of somebody else's inbox is refused before anything is asked.
    code=0
    cli --org acme --nkey "$bus/acme-verifier.nk" status alice >"$dir/inbox.txt" 2>&1 || code=$?
    [ $code = 3 ] || fail "exit code $code without an inbox prefix"
    says "$dir/inbox.txt" 'Permissions Violation for Subscription to "_INBOX.'

    # The bus is started anew: the service logs in again by itself, confined or not.
    restart_bus $layout
    for _ in $(seq 100); do
        as ops ping >/dev/null 2>&1 && break
        sleep 0.1
    done
    as acme-verifier status alice | grep -q '^state: ACTIVE' || fail "not back after the bus"

    end "$pid"
    stop_nats
done

# Sourced by tests/rig.sh: the rig of an operator. Who may do what on the bus, what the processes may do on the
# machine, and that what was written stays.
# shellcheck shell=bash

file=docker/compose.yaml
alice=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ # docker/seed.example.yaml; that of RFC 6238
# called OPTION... -- WORD...: the command line inside of the network. The service "twofold" of compose.yaml without
# compose, which takes a second each time.
called() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    timeout 40 docker run --rm -i --network "${project}_bus" --read-only --cap-drop=ALL -v "${project}_callers:/etc/twofold:ro" \
        -e TWOFOLD_NATS_URL=tls://nats:4222 -e TWOFOLD_NATS_TLS_CA=/etc/twofold/ca.pem "${options[@]}" \
        --entrypoint twofold twofold:rig --timeout 3 "$@"
}
# as LOGIN ORG WORD...: with the seed of one login.
as() {
    local login=$1 org=$2 inbox=_INBOX.$1
    shift 2
    case $login in acme-* | globex-*) inbox=_INBOX.${login/-/.} ;; esac
    called -- --org "$org" --nkey "/etc/twofold/$login.nk" --inbox-prefix "$inbox" "$@"
}

check "compose.yaml is good for compose" docker-compose -f $file config -q
operator_up() { compose 120 up -d --no-build; }
operator_down() { compose 90 down -v; }
# The service's own words: that there is nothing yet is an answer.
told_of_nothing() { { as acme-verifier acme status nobody 2>&1 || true; } | grep 'no such user or organization'; }
first_answer operator_up told_of_nothing operator_down
ok "compose.yaml: $took ms from up to the first answered request"
both_answer() { [ "$(as ops default ping | wc -l)" = 2 ]; }
within 30 both_answer || fail "two instances do not answer"
ok "two instances on one volume answer, in containers of their own"
for service in 'twofoldd 1' 'twofoldd 2' nats; do
    # shellcheck disable=SC2086
    within 60 well $service || fail "$service is not healthy: $(inspect '{{json .State.Health}}' "$(container $service)")"
done
ok "nats and both instances are healthy"
healthy=$(timeout 20 docker exec "$(container twofoldd)" /usr/bin/twofoldd health)
ok "twofoldd health: $healthy"

# ---- users ----
refused "a verdict before there is the organization" 'no such user or organization' as acme-verifier acme status alice
check "the administrator sets acme's policy" as acme-admin acme policy set mode=optional
echo 'correct horse' | as acme-admin acme user put alice >/dev/null
echo "otpauth://totp/Twofold:alice?secret=$alice&issuer=Twofold&algorithm=SHA1&digits=6&period=30" |
    as acme-admin acme import alice >/dev/null
verify() { as acme-verifier acme verify alice <<<"$1"; }
spent=$(code $alice)
check "a code is accepted, over TLS, with a login" verify "$spent"
refused "and not a second time, whichever instance is asked" 'not accepted' verify "$spent"

# ---- what logins may not do ----
no='forbids|no permission|not allowed|Permissions Violation'
refused "a verifier administers nothing" "$no" as acme-verifier acme user list
refused "nor does the help desk verify" "$no" as acme-admin acme status alice
refused "nor does anybody ask for another organization" "$no" as acme-verifier globex status alice
refused "an auditor asks nothing" "$no" as acme-auditor acme status alice
refused "operators see instances, no users" "$no" as ops acme status alice
refused "an inbox of others is closed" "$no" \
    called -- --org acme --nkey /etc/twofold/acme-verifier.nk --inbox-prefix _INBOX.acme.admin status alice
refused "without a login nobody gets in" 'refuse' called -- ping
ops=(--nkey /etc/twofold/ops.nk --inbox-prefix _INBOX.ops)
refused "nor without TLS" 'TLS' called -e TWOFOLD_NATS_URL=nats://nats:4222 -e TWOFOLD_NATS_TLS_CA= -- "${ops[@]}" ping
refused "nor does a caller get to a bus that nobody it trusts has signed" 'trust' called -e TWOFOLD_NATS_TLS_CA= -- "${ops[@]}" ping
compose 40 run --rm -T --no-deps --entrypoint cat setup /callers/ca.pem >"$logs/ca.pem"
check "authorities of the system count where none is named" \
    called -e TWOFOLD_NATS_TLS_CA= -v "$logs/ca.pem:/etc/ssl/certs/ca-certificates.crt:ro" -- "${ops[@]}" ping
check "the command line is a service of the file as well" compose 40 run --rm -T twofold "${ops[@]}" ping
# shellcheck disable=SC2016
check "callers have no seed of the service" compose 40 run --rm -T -v "$(command -v busybox):/bin/busybox:ro" --entrypoint /bin/busybox \
    twofold sh -c '! ls /etc/twofold | grep -E "service|health|provision|keyring|ca.key"'

# ---- what the processes may do ----
# has_no_rights SERVICE [NUMBER]: of those that run.
has_no_rights() {
    local line status
    status=/proc/$(inspect '{{.State.Pid}}' "$(container "$@")")/status
    for line in 'Uid:.10001.10001.10001.10001' 'CapEff:.0+$' 'CapPrm:.0+$' 'CapBnd:.0+$' 'CapAmb:.0+$' 'NoNewPrivs:.1' 'Seccomp:.2'; do
        grep -qE "^$line" "$status" || { echo "$* has not $line: $(grep "^${line%%:*}" "$status")"; return 1; }
    done
}
for service in 'twofoldd 1' 'twofoldd 2' nats; do
    # shellcheck disable=SC2086
    check "$service: user 10001, no capability, no new privileges, seccomp" has_no_rights $service
done

# inside COMMAND: a shell is brought along, as the same service with the same rights.
inside() {
    compose 40 run --rm -T --no-deps -v "$(command -v busybox):/bin/busybox:ro" --entrypoint /bin/busybox twofoldd sh -c "$1"
}
refused "the root file system is read-only" 'Read-only' inside '/bin/busybox touch /usr/bin/x'
refused "so are the secrets" 'Read-only' inside '/bin/busybox touch /etc/twofold/x'
check "the data folder is not" inside '/bin/busybox touch /var/lib/twofold/x && /bin/busybox rm /var/lib/twofold/x'
refused "the host's devices are not there" 'No such file|not permitted' inside '/bin/busybox mknod /var/lib/twofold/disk b 254 0'
# twofoldd itself gives them up, too; a shell in its place does not.
check "whatever runs there gets no new privileges" inside '/bin/busybox grep -q "^NoNewPrivs:.1" /proc/self/status'
check "secrets are for one user" inside '[ "$(/bin/busybox stat -c %a:%u /etc/twofold/keyring)" = 600:10001 ] && [ "$(/bin/busybox stat -c %a /etc/twofold)" = 700 ]'
check "memory is limited" inside '/bin/busybox grep -qx 536870912 /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null'
check "so is the number of processes" inside '/bin/busybox grep -qx 64 /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null'
check "and no core is written" inside '[ "$(ulimit -c)" = 0 ]'
logged twofoldd 'confined.*landlock=[1-9].*seccomp=on' || fail "twofoldd is not confined: $(docker logs "$(container twofoldd)" 2>&1 | grep confined)"
ok "twofoldd confines itself there, too"
secrets=$(timeout 20 docker inspect "$(container twofoldd 1)" "$(container nats)" | grep -cE 'SU[A-Z0-9]{50}|BEGIN .*PRIVATE' || true)
[ "$secrets" = 0 ] || fail "a secret is in the environment or the arguments of a container"
ok "no secret is in environment or arguments"

# ---- what was written stays ----
check "the operator backs up beside both" compose 60 run --rm -T operator backup /var/lib/twofold/first
check "and rotates the keys" compose 60 run --rm -T operator keys rotate
spent=$(code $alice 1)
check "verification goes on" verify "$spent"
compose 90 down >/dev/null 2>&1
[ -z "$(docker ps -q)" ] || fail "something still runs after down"
compose 90 up -d --no-build >/dev/null 2>&1
within 30 both_answer || fail "two instances do not answer after down and up"
alice_is_there() { as acme-verifier acme status alice | grep 'ACTIVE'; }
check "the volume survives its containers: alice is there" alice_is_there
refused "and what was spent is spent" 'not accepted' verify "$spent"
kept_all() { docker logs "$(container setup)" 2>&1 | tee "$logs/setup.log" | grep ready && ! grep made "$logs/setup.log"; }
check "setup has kept all that it made" kept_all

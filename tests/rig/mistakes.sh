# Sourced by tests/rig.sh, with the rig of hardened.sh up: what is set up wrong ends in a line that says what to do, in
# the log and in what the health check says.
# shellcheck shell=bash

# in_setup COMMAND: in the volumes that setup fills.
in_setup() { compose 40 run --rm -T --no-deps --entrypoint bash setup -c "$1" >/dev/null 2>&1; }
# says TEXT PATTERN: the first instance, started anew, logs it.
restart_one() {
    compose 60 rm -sf twofoldd >/dev/null 2>&1
    compose 60 up -d --no-build --no-deps twofoldd >/dev/null 2>&1
}
says() {
    within 40 logged twofoldd "$2" || { docker logs "$(container twofoldd)" 2>&1 | tail; fail "$1: no line with '$2'"; }
    ok "$1: $(docker logs "$(container twofoldd)" 2>&1 | grep -E -- "$2" | tail -n 1 | cut -c 31-)"
}

in_setup 'mv /service/keyring /service/kept && twofoldd keys init --keyring-file /service/keyring'
restart_one
says "another keyring" 'cannot start.*keyring'
in_setup 'mv /service/kept /service/keyring'

in_setup 'mv /service/keyring /service/kept'
restart_one
says "no keyring" 'cannot start.*keyring'
in_setup 'mv /service/kept /service/keyring'

in_setup 'mv /service/ca.pem /service/kept.pem && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null \
    -subj /CN=other -days 2 -out /service/ca.pem 2>/dev/null'
restart_one
says "another authority" 'TWOFOLD_NATS_TLS_CA'
in_setup 'mv /service/kept.pem /service/ca.pem'

in_setup 'mv /service/service-requests.nk /service/kept && cp /callers/acme-verifier.nk /service/service-requests.nk'
restart_one
says "the login of somebody else" 'permission|may not|subscribe'
in_setup 'mv /service/kept /service/service-requests.nk'

compose 60 stop -t 5 nats >/dev/null 2>&1
restart_one
says "no bus" 'waiting for the bus.*do='
unhealthy() { inspect '{{range .State.Health.Log}}{{.Output}}{{end}}' "$(container twofoldd)" | grep -E -- "$1"; }
within 60 unhealthy 'NATS|bus' || fail "the health check does not say that the bus is away: $(inspect '{{json .State.Health}}' "$(container twofoldd)")"
ok "and the health check says why: $(inspect '{{range .State.Health.Log}}{{.Output}}{{end}}' "$(container twofoldd)" | head -n 1)"
compose 60 up -d --no-build >/dev/null 2>&1
within 60 both_answer || fail "the rig does not answer after all mistakes were mended"
for n in 1 2; do within 60 well twofoldd $n || fail "twofoldd $n is not healthy"; done
ok "all mended: both instances answer and are healthy"
check "and alice's next code is accepted" verify "$(code "$alice" 1)"

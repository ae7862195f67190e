# Sourced by tests/rig.sh: what its parts are written with. Every wait is bounded.
# shellcheck shell=bash

passed=0 file=docker/compose.yaml

ok() {
    passed=$((passed + 1))
    say "ok   $*"
}
# check TEXT COMMAND...: it succeeds.
check() {
    local text=$1
    shift
    "$@" >"$logs/check.log" 2>&1 || { cat "$logs/check.log"; fail "$text"; }
    ok "$text"
}
# refused TEXT SAYING COMMAND...: it fails, and says why.
refused() {
    local text=$1 saying=$2
    shift 2
    ! "$@" >"$logs/check.log" 2>&1 || { cat "$logs/check.log"; fail "was possible: $text"; }
    grep -qE -- "$saying" "$logs/check.log" || { cat "$logs/check.log"; fail "$text: does not say '$saying'"; }
    ok "$text"
}
# within SECONDS COMMAND...: until it succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >"$logs/within.log" 2>&1; do
        [ $SECONDS -lt $end ] || { cat "$logs/within.log"; return 1; }
        sleep 0.3
    done
}

# compose SECONDS WORD...: of the rig in $file.
compose() {
    local seconds=$1
    shift
    timeout "$seconds" docker-compose --ansi never -p "$project" -f $file -f tests/rig.client.yaml "$@"
}
compose_dev() {
    local seconds=$1
    shift
    timeout "$seconds" docker-compose --ansi never -p "$project" -f docker/compose.dev.yaml "$@"
}
# first_answer UP ASK DOWN: milliseconds from UP until ASK succeeds, in $took; each is one word, a function. The best of three
# when it is not below ten seconds: others may be at work on the machine.
first_answer() {
    local started
    for _ in 1 2 3; do
        started=$(now_ms)
        "$1" >"$logs/up.log" 2>&1 || { cat "$logs/up.log"; fail "$1 failed"; }
        within 30 "$2" || fail "no answer to $2"
        took=$(($(now_ms) - started))
        [ $took -ge 10000 ] || return 0
        "$3" >/dev/null 2>&1
    done
    fail "$took ms from $1 to the first answer"
}
container() { echo "${project}_$1_${2:-1}"; }
inspect() { timeout 20 docker inspect -f "$1" "$2"; }
well() { [ "$(inspect '{{.State.Health.Status}}' "$(container "$@")")" = healthy ]; }
# kill_hard SERVICE [NUMBER]: what happens in it, as if it had crashed: the engine knows nothing of it.
kill_hard() { kill -9 "$(inspect '{{.State.Pid}}' "$(container "$@")")"; }
# Without -q, here and elsewhere: who ends before the end of the pipe breaks it.
logged() { timeout 20 docker logs "$(container "$1" "${3:-1}")" 2>&1 | grep -E -- "$2" >/dev/null; }

# code SECRET [STEP]: of now, or so many time steps later.
code() { oathtool --base32 --totp --now "@$(($(date +%s) + 30 * ${2:-0}))" "$1"; }
now_ms() { date +%s%3N; }

# Sourced by tests/rig.sh: the commands of docker/README.md, word for word, on the short rig.
# shellcheck shell=bash

{
    # The page writes `docker compose`, as Docker does; Debian 12 has it with a dash.
    # shellcheck disable=SC2016
    echo 'docker() {
        if [ "$1" != compose ]; then command docker "$@"; return; fi
        docker-compose --ansi never -p "$PROJECT" "${@:2}"
    }'
    awk '/^## The rig for production/ { exit } /^```(sh|bash)$/ { on = 1; next } /^```$/ { on = 0 } on' docker/README.md
} >"$logs/page.commands"
PROJECT=$project timeout 120 bash -euo pipefail "$logs/page.commands" >"$logs/page.txt" 2>&1 ||
    { cat "$logs/page.txt"; fail "docker/README.md: a command failed"; }
for text in '^0$' '^method: TOTP' '^denied: 1' '^state: ACTIVE' 'verification\.succeeded .*purpose=payment' 'account\.locked'; do
    grep -qE -- "$text" "$logs/page.txt" || { cat "$logs/page.txt"; fail "docker/README.md: its commands do not print $text"; }
done
ok "the commands of docker/README.md do what it says: start, seed, a code, a lockout, the trail"
compose_dev 60 down -v >/dev/null 2>&1

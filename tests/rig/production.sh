# Sourced by tests/rig.sh: the commands of docker/README.md about the operator's rig, word for word, on a new one: from the
# first start to a backup that is restored.
# shellcheck shell=bash

file=docker/compose.yaml
compose 90 down -v >/dev/null 2>&1
{
    # The page writes `docker compose`, as Docker does; Debian 12 has it with a dash.
    # shellcheck disable=SC2016
    echo 'docker() { if [ "$1" != compose ]; then command docker "$@"; else docker-compose --ansi never -p "$PROJECT" "${@:2}"; fi; }'
    # What the page leaves to people: to wait until it answers.
    awk '/^## The rig for production/ { here = 1 } here && /^```sh(ell)?$/ { on = 1; next } /^```$/ { on = 0 } on' docker/README.md |
        sed "s/docker_\\(data\\|authority\\)/${project}_\\1/; s/up -d\\( --build\\)*\$/&; until_two_answer/"
} >"$logs/production.commands"
until_two_answer() { within 30 both_answer; }
export -f until_two_answer within both_answer as called
made=(backup-1 keyring trail.ndjson)
for name in "${made[@]}"; do [ ! -e "$name" ] || fail "$name is in the way: move it away"; done
status=0
env PROJECT="$project" project="$project" logs="$logs" timeout 300 bash -euo pipefail "$logs/production.commands" >"$logs/production.log" 2>&1 || status=$?
for name in "${made[@]}"; do
    [ -s "$name" ] || status=1
    rm -rf "$name"
done
[ $status = 0 ] || { cat "$logs/production.log"; fail "docker/README.md: a command of the operator's rig failed"; }
grep -q 'imported\|restored' "$logs/production.log" || { cat "$logs/production.log"; fail "docker/README.md: nothing was restored"; }
ok "the commands of docker/README.md for this rig do what it says: start, policy, backup, keys, restore, the trail"

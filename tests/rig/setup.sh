# Sourced by tests/rig.sh: setup run twice at a time, broken off, and again after its authority was taken away. In
# volumes of its own.
# shellcheck shell=bash

set_up_volumes=(bus service callers authority jetstream)
set_up_mounts=()
for volume in "${set_up_volumes[@]}"; do set_up_mounts+=(-v "$project-alone-$volume:/$volume"); done
set_up_forget() { for volume in "${set_up_volumes[@]}"; do docker volume rm -f "$project-alone-$volume" >/dev/null 2>&1 || true; done; }
# As compose.yaml runs it.
set_up() {
    timeout 60 docker run --rm --network=none --read-only --cap-drop=ALL "${set_up_mounts[@]}" twofold-setup:rig
}
# in_set_up COMMAND: with its volumes.
in_set_up() {
    timeout 60 docker run --rm --network=none --cap-drop=ALL "${set_up_mounts[@]}" --entrypoint bash twofold-setup:rig -euc "$1"
}
fits_together() { in_set_up 'openssl verify -CAfile /callers/ca.pem /bus/server.pem && cmp /service/ca.pem /callers/ca.pem'; }
digests() { in_set_up 'find /bus /service /callers -type f ! -name lock | sort | xargs sha256sum'; }

# Together, however it falls out who is first.
for n in 1 2 3; do
    set_up_forget
    set_up >"$logs/setup.1" 2>&1 &
    set_up >"$logs/setup.2" 2>&1 || fail "setup beside another one: $(cat "$logs/setup.2")"
    wait $! || fail "setup beside another one: $(cat "$logs/setup.1")"
    fits_together >"$logs/setup.3" 2>&1 || fail "two setups at a time, $n: $(cat "$logs/setup.3")"
done
ok "two setups at a time make one authority, three times"

digests >"$logs/setup.before"
in_set_up 'rm -r /authority/*'
check "the authority may be taken away" set_up
digests | diff "$logs/setup.before" - || fail "setup has made other secrets after its authority was taken away"
ok "and nothing is made anew without it"

# Where make-ca.sh may be killed: between its moves.
set_up_forget
in_set_up '/setup/setup.sh >/dev/null && rm -r /bus/* /service/* /callers/* /authority/{ca.key,server.pem,server.key} && mkdir /authority/.make-ca.killed'
check "a first run that was broken off is made good" set_up
check "and its certificate is the authority's" fits_together
check "and no working folder is left" in_set_up '! ls -d /authority/.make-ca.*'
set_up_forget

# Sourced by tests/rig.sh: the short rig, as a developer uses it (docker/README.md).
# shellcheck shell=bash

alice=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ # docker/seed.example.yaml

# answers BASE-COMMAND...: a real request is answered: a verdict about somebody whom nobody knows.
in_dev() { compose_dev 30 run --rm "$@"; }
asked_in_dev() { timeout 20 docker run --rm --network "${project}_default" --entrypoint twofold -e TWOFOLD_NATS_URL=nats://nats:4222 \
    twofold:"${1:-rig}" status nobody; }

check "both files are good for compose" docker-compose -f docker/compose.dev.yaml config -q
volumes() { docker-compose -f "$1" config --volumes | sort; }
# To compose they are one project: "down -v" of this one must not end the other's database.
check "neither rig has a volume of the other's" \
    test -z "$(comm -12 <(volumes docker/compose.yaml) <(volumes docker/compose.dev.yaml))"
dev_up() { compose_dev 120 up -d --no-build; }
dev_down() { compose_dev 60 down -v; }
first_answer dev_up asked_in_dev dev_down
ok "compose.dev.yaml: $took ms from up to the first answered request"

seeded() { [ "$(inspect '{{.State.Status}} {{.State.ExitCode}}' "$(container seed)")" = 'exited 0' ]; }
within 30 seeded || fail "the seed was not loaded: $(docker logs "$(container seed)" 2>&1)"
ok "the seed is loaded: $(docker logs "$(container seed)" 2>&1 | tr '\n' ' ')"
spent=$(code $alice)
verify_alice() { echo "$spent" | timeout 30 docker-compose -p "$project" -f docker/compose.dev.yaml run --rm -T twofold --org acme verify alice; }
check "a code computed from the seed's secret is accepted" verify_alice
refused "and refused the second time" 'not accepted' verify_alice
check "the first call of the file's head" in_dev twofold ping
check "the bus is there for the host, at 127.0.0.1:$TWOFOLD_PORT" \
    nsenter --net -t "$(cat "$engine/docker.pid")" bash -c "exec 3<>/dev/tcp/127.0.0.1/$TWOFOLD_PORT && grep -m1 -q '^INFO ' <&3"
compose_dev 60 down -v >/dev/null 2>&1
compose_dev 60 up -d --no-build >/dev/null 2>&1
within 30 seeded || fail "the seed was not loaded after down -v"
check "down -v forgets everything: the same code is good again" verify_alice
compose_dev 60 down -v >/dev/null 2>&1

started=$(now_ms)
TWOFOLD_TAG=rig12 compose_dev 60 up -d --no-build >/dev/null 2>&1
within 30 asked_in_dev rig12 || fail "Debian 12: no answer"
ok "the same on Debian 12's libraries: $(($(now_ms) - started)) ms"
within 30 seeded || fail "Debian 12: the seed was not loaded"
TWOFOLD_TAG=rig12 compose_dev 60 down -v >/dev/null 2>&1

# Sourced by tests/rig.sh: the images, from both of Debian's releases.
# shellcheck shell=bash

# build TARGET TAG BASE
build() {
    timeout 1800 docker build -f docker/Dockerfile --target "$1" --build-arg BASE="$3" -t "$2" . >"$logs/build.log" 2>&1 ||
        { grep -vE "(Passed|Start) " "$logs/build.log" | tail -n 60; fail "docker build --target $1 on $3"; }
}
megabytes() { echo $(($(docker image inspect -f '{{.Size}}' "$1") / 100000)) | sed 's/.$/.&/'; }

from=$SECONDS
build runtime twofold:rig debian:trixie-slim
ok "image on Debian 13: $(megabytes twofold:rig) MB, built in $((SECONDS - from)) s with nothing cached"
from=$SECONDS
build test twofold-test:rig debian:trixie-slim
ok "its unit tests, on Debian 13: $(grep -oE '[0-9]+% tests passed.*' "$logs/build.log"), in $((SECONDS - from)) s"
build setup twofold-setup:rig debian:trixie-slim
from=$SECONDS
build runtime twofold:rig12 debian:bookworm-slim
ok "image on Debian 12: $(megabytes twofold:rig12) MB, built in $((SECONDS - from)) s"

bare() { timeout 60 docker run --rm --network=none --read-only --cap-drop=ALL "$@"; }
for tag in rig rig12; do
    check "$tag runs without network, rights or a folder to write to" bare twofold:$tag --version
done
# shellcheck disable=SC2016
check "label and program tell one version" test "twofoldd $(docker image inspect \
    -f '{{index .Config.Labels "org.opencontainers.image.version"}}' twofold:rig)" = "$(bare twofold:rig --version)"
refused "there is no shell in it" 'no such file|not found' bare --entrypoint sh twofold:rig -c true
# Names, not sizes: what is not a library of the two programs is on this list.
timeout 60 docker create --name "$project-look" twofold:rig >/dev/null
timeout 60 docker export "$project-look" | tar t | grep -vE '/$|^(dev|proc|sys)/|^etc/(hosts|hostname|resolv.conf|mtab)$|\.dockerenv' |
    grep -vE '^usr/lib.*\.so(\.|$)|^var/lib/dpkg/status.d/' | sort >"$logs/files"
timeout 60 docker rm "$project-look" >/dev/null
printf '%s\n' etc/group etc/nsswitch.conf etc/passwd etc/ssl/certs/ca-certificates.crt lib lib64 usr/bin/twofold \
    usr/bin/twofoldd usr/lib/ssl/cert.pem | diff - "$logs/files" || fail "there are other files in the image"
ok "nothing is in it but two programs, libraries, names and public certificates"

# ---- what a build gets to see ----
# The guide in nats.conf has keys made beside it, in the folder that the image is built from.
context=$engine/context
mkdir -p "$context"/docker/{jetstream,.make-ca.x}
cp .dockerignore "$context"
(cd "$context/docker" && "$OLDPWD/docker/make-ca.sh" . localhost && "$OLDPWD/docker/make-nkeys.sh" "$OLDPWD/docker/nats.conf" . &&
    touch keyring old.keyring ops.creds .env data.mdb lock.mdb journal.0 journal.1 jetstream/trail .make-ca.x/ca.key)
printf 'FROM debian:trixie-slim\nCOPY . /context\nRUN find /context -type f >/found\n' >"$context/docker/Dockerfile"
seen_by_a_build() {
    timeout 60 docker build -q -f "$context/docker/Dockerfile" -t "$project-context" "$context" >/dev/null
    timeout 60 docker run --rm --network=none "$project-context" sort /found
    timeout 60 docker rmi "$project-context" >/dev/null
}
printf '/context/docker/%s\n' Dockerfile keys.conf | diff - <(seen_by_a_build) || fail "a build gets to see secrets"
ok "keys, keyrings and databases beside the sources are not sent to the engine"
rm -r "$context"

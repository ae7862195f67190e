#!/bin/bash
# The main job, for real, on this machine: a user enrols with a QR code, logs in, is verified for another
# service, uses a recovery code and switches two-factor authentication off. nats-server and twofoldd run
# on free loopback ports with their state in a temporary folder; oathtool is the authenticator app,
# zbarimg its camera.
#
#   tests/e2e/demo.sh BIN      BIN: folder with twofoldd and twofold
set -Eeuo pipefail
bin=$(cd "${1:?folder with twofoldd and twofold}" && pwd)
started=$SECONDS
dir=$(mktemp -d -t twofold-demo.XXXXXX)
pids=()

finish() {
    rc=$?
    trap - EXIT ERR
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [ $rc != 0 ]; then
        printf '\nthe demo FAILED (exit %d); the logs:\n' $rc
        tail -n 20 "$dir"/*.log
    fi
    rm -rf "$dir"
    exit $rc
}
trap finish EXIT
trap 'echo "demo.sh: line $LINENO failed: $BASH_COMMAND" >&2' ERR

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '$ %s\n' "$*"; }
# await FILE PATTERN: until a line matches, ten seconds at most.
await() {
    for _ in $(seq 200); do
        grep -q -- "$2" "$1" 2>/dev/null && return 0
        sleep 0.05
    done
    echo "waited in vain for '$2' in $1" >&2
    return 1
}
# code STEPS: what the app shows, STEPS time steps from now. The service accepts one step each side, and
# each step once, so three uses in a row need not wait.
code() { oathtool --base32 --totp --now "@$(($(date +%s) + 30 * $1))" "$secret"; }

title "nats-server and twofoldd, on free loopback ports"
nats-server -a 127.0.0.1 -p -1 -js -sd "$dir/nats-data" --ports_file_dir "$dir" >"$dir/nats.log" 2>&1 &
pids+=($!)
await "$dir/nats.log" "Server is ready"
url=$(grep -oE 'nats://127\.0\.0\.1:[0-9]+' "$dir"/nats-server_*.ports | head -n 1)
export TWOFOLD_NATS_URL=$url TWOFOLD_ORG=default
TWOFOLD_DATA_DIR=$dir/twofold-data "$bin/twofoldd" 2>"$dir/twofoldd.log" &
pids=($! "${pids[@]}")
await "$dir/twofoldd.log" "msg=serving"
cat "$dir/twofoldd.log"
show twofold ping
"$bin/twofold" ping
"$bin/twofold" audit tail --follow >"$dir/audit.txt" 2>"$dir/audit.log" &
pids=($! "${pids[@]}")

title "An administrator creates alice, and the organization wants two factors"
show "twofold user put alice"
echo 'correct horse battery' | "$bin/twofold" user put alice
show "twofold policy set mode=required issuer='Demo Corp'"
"$bin/twofold" policy set mode=required issuer='Demo Corp' | grep -E 'mode|issuer'

title "alice enrols: she scans the QR code and types what her app shows"
show "twofold enroll alice --qr-file qr.png"
mkfifo "$dir/answers"
"$bin/twofold" enroll alice --qr-file "$dir/qr.png" <"$dir/answers" >"$dir/enroll.txt" &
enroll=$!
exec 3>"$dir/answers"
echo 'correct horse battery' >&3
await "$dir/enroll.txt" '^[Ss]ecret'
uri=$(zbarimg --quiet --raw "$dir/qr.png")
secret=$(sed -n 's/.*[?&]secret=\([A-Z2-7]*\).*/\1/p' <<<"$uri")
# Not in the last seconds of a step: the code of the step before would be out of the window on arrival.
[ $(($(date +%s) % 30)) -lt 27 ] || sleep 3
code -1 >&3
exec 3>&-
wait $enroll
cat "$dir/enroll.txt"
echo "zbarimg read from the QR code: $uri" | sed "s/secret=[A-Z2-7]*/secret=.../"
recovery=$(grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){4}' "$dir/enroll.txt" | head -n 1)

title "alice logs in: password, then a code"
show "twofold login alice"
{ echo 'correct horse battery'; code 0; } | "$bin/twofold" login alice

title "Another service asks for a verdict before a payment"
show "twofold verify alice --purpose payment"
fresh=$(code 1)
echo "$fresh" | "$bin/twofold" verify alice --purpose payment
echo "... and the same code a second time:"
if echo "$fresh" | "$bin/twofold" verify alice --purpose payment; then
    echo "a code was accepted twice" >&2
    exit 1
fi

title "Her phone is lost: a recovery code stands in, once"
show "twofold verify alice --recovery"
echo "$recovery" | "$bin/twofold" verify alice --recovery
echo "... and the spent recovery code a second time:"
if echo "$recovery" | "$bin/twofold" verify alice --recovery; then
    echo "a recovery code was accepted twice" >&2
    exit 1
fi
show "twofold status alice"
"$bin/twofold" status alice

title "Killed and started again, the service has forgotten nothing"
kill -9 "${pids[1]}"
wait "${pids[1]}" 2>/dev/null || true
TWOFOLD_DATA_DIR=$dir/twofold-data "$bin/twofoldd" 2>"$dir/twofoldd2.log" &
pids[1]=$!
await "$dir/twofoldd2.log" "msg=serving"
if echo "$fresh" | "$bin/twofold" verify alice; then
    echo "a code was accepted again after a restart" >&2
    exit 1
fi

title "alice switches two-factor authentication off, once the policy lets her"
"$bin/twofold" policy set mode=optional | grep mode
show "twofold disable alice --recovery"
second=$(grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){4}' "$dir/enroll.txt" | sed -n 2p)
{ echo 'correct horse battery'; echo "$second"; } | "$bin/twofold" disable alice --recovery
"$bin/twofold" status alice | head -n 3

title "What the audit trail says (twofold audit tail --follow)"
await "$dir/audit.txt" factor.disabled
cat "$dir/audit.txt"
echo "(Who listens live sees again what the killed service had not marked as sent; the stream has it once.)"

title "Nothing is missing from it, and an archive of it can be proven later"
cd "$dir"
show "twofold audit verify"
"$bin/twofold" audit verify
show "twofold audit checkpoint > anchor.json"
"$bin/twofold" audit checkpoint >anchor.json
show "twofold audit export --out trail.ndjson"
"$bin/twofold" audit export --out trail.ndjson
show "twofold audit verify --anchor anchor.json trail.ndjson"
"$bin/twofold" audit verify --anchor anchor.json trail.ndjson
echo "... and with the line taken out that says that the recovery code was used:"
grep -v recovery.used trail.ndjson >tampered.ndjson
if "$bin/twofold" audit verify --anchor anchor.json tampered.ndjson; then
    echo "a missing event was not missed" >&2
    exit 1
fi
show "twofoldd audit keys"
TWOFOLD_DATA_DIR=$dir/twofold-data "$bin/twofoldd" audit keys
show "twofoldd audit anchor"
TWOFOLD_DATA_DIR=$dir/twofold-data "$bin/twofoldd" audit anchor
show "twofoldd audit resend --from 1h"
TWOFOLD_DATA_DIR=$dir/twofold-data "$bin/twofoldd" audit resend --from 1h

printf '\nThe demo is complete: everything above was real, took %d s, and is stopped now.\n' \
    $((SECONDS - started))

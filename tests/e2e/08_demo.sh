#!/bin/bash
# Goal: `make demo` does what it says, against these binaries.
set -euo pipefail
bin=${TEST_BIN:?}
out=$("$(dirname "$0")/demo.sh" "$bin")
for text in 'zbarimg read from the QR code: otpauth://totp/Demo%20Corp:alice' 'outcome: AUTHENTICATED' \
    'method: TOTP' 'method: RECOVERY_CODE' 'state: NOT_ENROLLED' factor.disabled 'nothing is missing, doubled or changed' 'The demo is complete'; do
    grep -qF -- "$text" <<<"$out" || { echo "the demo did not show '$text'" >&2; exit 1; }
done

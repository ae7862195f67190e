#!/bin/bash
# Goal: A45, A14, rule 16. The clock of a running service jumps a day ahead, a day back, twenty years ahead
# and home again: no code is ever good twice, no wait ends early by a jump back, an authenticator whose last
# step lies in the future rejects and says why, Unlock brings it back, and nobody is locked out for ever.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
shipped_only
faketime=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$faketime" ] || { echo "skipped: there is no libfaketime"; exit 77; }

# The clock of the service, in seconds from ours; libfaketime reads the file at every look at the clock.
day=86400 years=$((20 * 365 * 86400)) offset=0
clock="$dir/data/clock"
mkdir -m 700 "$dir/data"
# at SECONDS
at() {
    offset=$1
    printf '%+d' "$1" >"$clock.new"
    mv "$clock.new" "$clock"
}
# shown STEPS: what the authenticator of a user in the service's time shows.
shown() { oathtool --base32 --totp --now "@$(($(date +%s) + offset + 30 * $1))" "$secret"; }
# verify_as USER VERDICT WHAT: offers the code that the service's time calls for.
verify_as() { expect "$3" "$(verify "$1" "$(shown 0)")" "$2"; }

at 0
start_nats
start_services 2 LD_PRELOAD="$faketime" FAKETIME_TIMESTAMP_FILE="$clock" FAKETIME_NO_CACHE=1 \
    DONT_FAKE_MONOTONIC=1
import_users ada 6
record_audit "$dir/audit.txt"

# Ahead and back: what was accepted then is not accepted again, and the day that comes twice gives no code
# a second life.
verify_as ada-1 OK "today"
today=$(shown 0)
at $day
verify_as ada-1 OK "a day ahead"
expect "yesterday's code" "$(verify ada-1 "$today")" CODE_REJECTED
tomorrow=$(shown 0)
at 0
expect "tomorrow's code, today" "$(verify ada-1 "$tomorrow")" CODE_REJECTED
verify_as ada-1 CODE_REJECTED "last step in the future"
await "$dir/audit.txt" '^ada-1 .* verification.failed CLOCK_BEHIND'
at -$day
verify_as ada-1 CODE_REJECTED "last step two days in the future"
at $day
expect "tomorrow's code, when it is tomorrow" "$(verify ada-1 "$tomorrow")" CODE_REJECTED

# Unlock brings the last step back to now, and no further.
at 0
expect "Unlock" "$(ask_one "Admin.Unlock username=ada-1")" OK
expect "today's used code after Unlock" "$(verify ada-1 "$today")" CODE_REJECTED
expect "a code of later" "$(verify ada-1 "$(shown 1)")" OK

# A wait does not end early by a jump back, and at its end by the clock it ends.
ask >/dev/null <<<"6* Verification.Verify username=ada-2 code=$(wrong_code)"
at -$day
expect "a wait, a day back" "$(verify ada-2 "$(shown 0)")" LOCKED
at 0
expect "a wait, home again" "$(verify ada-2 "$(shown 0)")" LOCKED
at 40
verify_as ada-2 OK "after the wait"

# Locked out when the clock was a day ahead.
at $day
ask >/dev/null <<<"6* Verification.Verify username=ada-3 code=$(wrong_code)"
at 0
verify_as ada-3 LOCKED "a wait of tomorrow"
expect "Unlock" "$(ask_one "Admin.Unlock username=ada-3")" OK
verify_as ada-3 OK "a wait of tomorrow, unlocked"

# Twenty years ahead, and home: nothing breaks, and each user is a call of Unlock away from getting in.
at $years
verify_as ada-4 OK "in twenty years"
ask >/dev/null <<<"6* Verification.Verify username=ada-5 code=$(wrong_code)"
at 0
verify_as ada-4 CODE_REJECTED "home from twenty years"
verify_as ada-5 LOCKED "locked in twenty years"
verify_as ada-6 OK "who was not there"
for user in ada-4 ada-5; do
    expect "Unlock" "$(ask_one "Admin.Unlock username=$user")" OK
done
expect "home, unlocked" "$(verify ada-4 "$(shown 1)")" OK
verify_as ada-5 OK "home, unlocked"

#!/bin/bash
# Goal: systemd itself takes the unit that we ship without a complaint, and rates what it leaves exposed
# below 2.0; and what the service does to itself at start is not forbidden to it.
set -euo pipefail
unit=${TEST_SOURCE:?}/service/twofoldd.service
bin=${TEST_BIN:?}
if ! command -v systemd-analyze >/dev/null; then
    echo "skipped: no systemd-analyze"
    exit 77
fi
dir=$(mktemp -d -t twofold-unit.XXXXXX)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAIL: $*" >&2; exit 1; }

# With the program of this build, so that it is there.
sed "s|^ExecStart=twofoldd|ExecStart=$bin/twofoldd|" "$unit" >"$dir/twofoldd.service"
grep -q "^ExecStart=$bin/twofoldd" "$dir/twofoldd.service" || fail "ExecStart is not twofoldd"
complaints=$(systemd-analyze verify --man=no "$dir/twofoldd.service" 2>&1 | grep -F twofoldd.service || true)
[ -z "$complaints" ] || fail "systemd says: $complaints"

rating=$(systemd-analyze security --offline=yes --no-pager "$dir/twofoldd.service" 2>/dev/null |
    sed -nE 's/.*Overall exposure level for [^:]*: ([0-9.]+).*/\1/p')
echo "exposure: ${rating:-not rated}"
awk -v rating="${rating:-10}" 'BEGIN { exit !(rating < 2.0) }' || fail "exposure ${rating:-unknown}, not below 2.0"

# Of the calls that confining takes, none is left out, whatever the groups of this systemd hold.
for call in seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self mlock; do
    grep -qE "^SystemCallFilter=([^~].*[[:space:]])?$call([[:space:]]|$)" "$unit" || fail "the unit does not allow $call"
done

#!/bin/bash
# Goal: what service/OPERATING.md has an operator do every night proves an archive of all organizations: anchors come
# from the database, without the bus and beside the service; what is cut out of the archive later shows, of each of them.
# shellcheck source=tests/e2e/audit_lib.sh
. "$(dirname "$0")/audit_lib.sh"
printf 'jetstream { store_dir: "%s" }\n' "$dir/js" >"$dir/nats.conf"
start_nats "$dir/nats.conf"
export TWOFOLD_DATA_DIR=$dir/data
start service
cli --org acme policy set digits=8 >/dev/null
for org in default acme; do
    for user in ada eve; do echo 'correct horse' | cli --org "$org" user put "$user" >/dev/null; done
done
anchor() { "$bin/twofoldd" audit anchor 2>"$dir/anchor.err"; }
# verify FILE: against the anchors of last night.
verify() { cli audit verify --anchor "$dir/anchors" "$1" >"$dir/verify.txt" 2>"$dir/verify.err"; }
found() { ! verify "$1" || fail "verify does not see $2"; grep -q "$3" "$dir/verify.txt" || fail "$2: $(cat "$dir/verify.txt")"; }

anchor >"$dir/anchors" || fail "anchor: $(cat "$dir/anchor.err")"
expect "lines of keys" "$(grep -c '"keys"' "$dir/anchors")" 1
expect "lines of organizations" "$(grep -cE '^\{"org":"(acme|default)","sequence":[0-9]+,"digest":"[^"]{44}"\}$' "$dir/anchors")" 2
all_sent
export_trail
verify "$trail" || fail "a whole archive: $(cat "$dir/verify.txt" "$dir/verify.err")"
says "$dir/verify.txt" '2 organizations'

grep -v '"subject":"eve".*"org":"acme"' "$trail" >"$dir/cut.json"
found "$dir/cut.json" "a user taken out of acme" '^gap: user eve of acme: 1 is missing'
grep -v '"type":"twofold.v1.audit.checkpoint".*"org":"acme"' "$trail" >"$dir/cut.json"
found "$dir/cut.json" "acme's checkpoint taken out" '^end: organization acme: .* missing'
grep -v '"org":"default"' "$trail" >"$dir/cut.json"
found "$dir/cut.json" "an organization taken out" '^end: organization default: .* missing'

# The next night: nothing new was written, and the same ends are told again; and with the service down.
anchor >"$dir/again"
expect "the anchors again" "$(cat "$dir/again")" "$(cat "$dir/anchors")"
end "$pid"
anchor >"$dir/down" || fail "anchor with the service down: $(cat "$dir/anchor.err")"
expect "lines with the service down" "$(wc -l <"$dir/down")" 3
if TWOFOLD_DATA_DIR=$dir/nothing "$bin/twofoldd" audit anchor >"$dir/none" 2>"$dir/none.err"; then fail "no database was taken for one"; fi
says "$dir/none.err" 'there is no database in'

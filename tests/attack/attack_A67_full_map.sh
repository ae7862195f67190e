#!/bin/bash
# Goal: A67. The database has reached TWOFOLD_DB_SIZE_MB, seen by two processes: right and wrong codes,
# recovery codes and passwords get the same UNAVAILABLE, nothing is counted; deleting users still works and
# makes room, without a restart.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"

audit_may nothing
start_nats "$dir/nats.conf"
start_services 2 TWOFOLD_DB_SIZE_MB=1 "${audit_login[@]}"
import_users ada 3
fill_up

now=$(fresh_code 25)
wrong=$(wrong_code)
for _ in $(seq 10); do
    cat <<EOT
Verification.Verify username=ada-1 code=$wrong

Verification.Verify username=ada-1 code=$now

Verification.Verify username=ada-1 recovery_code=00000-00000-00000-00000-00000

Login.Login username=ada-1 password=correct-horse

Login.Login username=ada-1 password=wrong-horse

EOT
done | ask | cut -d ' ' -f 1-3 | sort -u >"$dir/full.txt"
expect "every answer" "$(cat "$dir/full.txt")" "UNAVAILABLE 0 0"
expect "reading" "$(ask_one "Verification.GetStatus username=ada-1")" OK

for i in $(seq $((fillers / 2))); do
    printf 'Admin.DeleteUser username=filler-%s%s\n\n' "$i" "$padding"
done | ask >"$dir/delete.txt"
[ "$(count OK "$dir/delete.txt")" -gt 0 ] || fail "deleting does not work in a full database"
for _ in $(seq 200); do
    answer=$(echo "Verification.Verify username=ada-1 code=$wrong" | ask | cut -d ' ' -f 1-3)
    [ "$answer" = "UNAVAILABLE 0 0" ] || break
    sleep 0.1
done
expect "the first guess that is looked at" "$answer" "CODE_REJECTED 0 4"
expect "the right code" "$(verify ada-1 "$now")" OK
expect "once more" "$(verify ada-1 "$now")" CODE_REJECTED

#!/bin/bash
# Goal: A57, with real processes. A backup is taken while two services verify codes; no request fails for it.
# Codes and a recovery code are used, the database is lost, the backup restored: what was used is refused
# by both services, before and after the wait, and the next new code is good.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
twofoldd=$bin/twofoldd
export TWOFOLD_DATA_DIR=$dir/data
users=40

start_nats
start_services 2
import_users ada $users
enroll eve
eve=$secret
secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP

# Load: right and wrong codes of all but the first ten, for as long as backups are taken.
wrong=$(wrong_code)
load() {
    while [ ! -e "$dir/enough" ]; do
        for i in $(seq 11 $users); do
            echo "Verification.Verify username=ada-$i code=$wrong"
            echo "Verification.GetStatus username=ada-$i"
        done | ask >>"$dir/load.txt"
    done
}
load &
loader=$!
pids+=("$loader")
await "$dir/load.txt" '^OK'
for i in 1 2 3 4 5; do
    "$twofoldd" backup "$dir/backup-$i" >"$dir/backup-$i.txt"
    says "$dir/backup-$i.txt" "backup of $((users + 1)) users in $dir/backup-$i"
done
: >"$dir/enough"
wait $loader
[ "$(wc -l <"$dir/load.txt")" -ge $((2 * (users - 10))) ] || fail "there was no load"
[ -z "$(grep -vE '^(OK|CODE_REJECTED|LOCKED) ' "$dir/load.txt")" ] || fail "a request failed during a backup"
for i in 1 2 3 4 5; do (cd "$dir/backup-$i" && sha256sum --quiet -c data.mdb.sha256); done

# Used after the last backup.
code=$(fresh_code 5)
for i in 1 2 3; do expect "code of ada-$i" "$(verify "ada-$i" "$code")" OK; done
expect "recovery code" "$(ask_one "Verification.Verify username=eve recovery_code=$recovery")" OK
token=$(cli token eve | sed -n 's/^step_token: //p')
[ -n "$token" ] || fail "no step token was issued"

# Lost.
end "${services[@]}"
mv "$dir/data" "$dir/lost"
"$twofoldd" restore "$dir/backup-5" >"$dir/restore.txt" 2>"$dir/restore-bar.txt"
says "$dir/restore.txt" "$((users + 1)) users"
says "$dir/restore.txt" "1 user had recovery codes: all are spent"
restored=$(date +%s)
record=$dir/audit.txt
record_audit "$record"
start_services 2
await "$record" 'service\.restored'
for i in 1 2 3 1 2 3; do expect "used code of ada-$i" "$(verify "ada-$i" "$code")" CODE_REJECTED; done
expect "used recovery code" "$(ask_one "Verification.Verify username=eve recovery_code=$recovery")" CODE_REJECTED
expect "old token" "$(ask_one "Enrollment.Begin step_token=$token")" INVALID_TOKEN

# After skew + 1 steps at most a new code is good; who never used one waits no longer than the others.
while [ $(($(date +%s) / 30)) -lt $((restored / 30 + 2)) ]; do sleep 0.5; done
code=$(fresh_code 5)
for i in 1 4; do expect "new code of ada-$i" "$(verify "ada-$i" "$code")" OK; done
secret=$eve
expect "new code of eve" "$(verify eve "$(otp 0)")" OK

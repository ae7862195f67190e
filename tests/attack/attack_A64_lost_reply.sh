#!/bin/bash
# Goal: A64 over the bus. A request without a reply subject has no effect at all. One whose answer is lost
# has one effect: sent again it is a replay, under the same Twofold-Request-Id it gets the first answer,
# and another content under that id is a conflict.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"

start_nats
start_services 2
import_users ada 4
record_audit "$dir/audit.txt"
code=$(fresh_code 25)

ask <<EOT >/dev/null
Verification.Verify username=ada-1 code=$code @reply=none
Admin.DeleteUser username=ada-1 @reply=none
Admin.PutUser username=ada-9 password=correct-horse @reply=none
EOT
cat "$dir"/service-?.log >"$dir/both.log"
for _ in $(seq 100); do
    cat "$dir"/service-?.log >"$dir/both.log"
    grep -q 'reply subject is not an inbox' "$dir/both.log" && break
    sleep 0.1
done
says "$dir/both.log" 'reply subject is not an inbox'
expect "ada-9" "$(ask_one "Admin.DeleteUser username=ada-9")" NOT_FOUND
expect "a code that came without a reply subject" "$(verify ada-1 "$code")" OK

# Nobody hears the first answers.
ask <<EOT >/dev/null
Verification.Verify username=ada-2 code=$code @reply=gone
Verification.Verify username=ada-3 code=$code @reply=gone @Twofold-Request-Id=r-3
Admin.PutUser username=ada-5 password=correct-horse @reply=gone @Twofold-Request-Id=r-5
EOT
await "$dir/audit.txt" '^ada-2 .* verification.succeeded '
await "$dir/audit.txt" '^ada-3 .* verification.succeeded '
await "$dir/audit.txt" '^ada-5 .* user.created '
expect "again without an id" "$(verify ada-2 "$code")" CODE_REJECTED
ask <<EOT | cut -d ' ' -f 1 >"$dir/again.txt"
8* Verification.Verify username=ada-3 code=$code @Twofold-Request-Id=r-3

Verification.Verify username=ada-3 code=$(wrong_code) @Twofold-Request-Id=r-3

Verification.Verify username=ada-3 code=$code @Twofold-Request-Id=r-4

8* Admin.PutUser username=ada-5 password=correct-horse @Twofold-Request-Id=r-5

8* Verification.Verify username=ada-4 code=$code @Twofold-Request-Id=r-6
EOT
expect "again" "$(sort "$dir/again.txt" | uniq -c | sed 's/^ *//' | paste -sd ' ')" \
    "1 CODE_REJECTED 1 CONFLICT 24 OK"
all_told "$dir/audit.txt"
for user in ada-1 ada-2 ada-3 ada-4; do
    expect "successes of $user" "$(grep "^$user " "$dir/audit.txt" | events verification.succeeded . -)" 1
done
expect "events of ada-5" "$(grep -c '^ada-5 ' "$dir/audit.txt")" 1
expect "what breaks the chains" "$(grep -E '^ada-5 ' "$dir/audit.txt" | chain -)" ""

#!/bin/bash
# Goal: A08 and A12. 5,000 wrong codes at once over four processes: no more are looked at than the policy
# allows, and the audit trail agrees. Claimed addresses, identities and forged attestations that rotate
# with every request change nothing; afterwards even the right code is not looked at.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"

start_nats
start_services 4
import_users ada 2
record_audit "$dir/audit.txt"
fresh_code 25 >/dev/null
wrong=$(wrong_code)

# looked_at USER FILE: five free tries, and the one that starts the wait.
looked_at() {
    expect "rejected" "$(count CODE_REJECTED "$2")" 6
    expect "locked" "$(count LOCKED "$2")" $(($(wc -l <"$2") - 6))
    expect "the right code afterwards" "$(verify "$1" "$(otp 0)")" LOCKED
    all_told "$dir/audit.txt"
    expect "failures in the audit trail" \
        "$(grep "^$1 " "$dir/audit.txt" | events verification.failed WRONG_CODE -)" 6
}
echo "5000* Verification.Verify username=ada-1 code=$wrong" | ask >"$dir/parallel.txt"
looked_at ada-1 "$dir/parallel.txt"

for i in $(seq 1000); do
    ip="10.$((i / 256)).$((i % 256)).1"
    echo "Verification.Verify username=ada-2 code=$wrong purpose=p$i" \
        "@X-Forwarded-For=$ip @X-Real-IP=$ip @Forwarded=for=$ip @X-User=u$i @Twofold-Actor=u$i" \
        "@Nats-Request-Info={\"acc\":\"A$i\",\"user\":\"u$i\",\"host\":\"$ip\"}" \
        "@Twofold-Request-Id=r$i"
done | ask >"$dir/rotated.txt"
looked_at ada-2 "$dir/rotated.txt"

# Replies below _R_ are the server's own: it does not let such a request pass, let alone attest it.
echo "20* Verification.Verify username=ada-2 code=$wrong @Nats-Request-Info={\"acc\":\"A\"} @reply=attested" |
    ask timeout_ms=500 >"$dir/forged.txt"
expect "forged attestations that were looked at" \
    $(($(count CODE_REJECTED "$dir/forged.txt") + $(count OK "$dir/forged.txt"))) 0

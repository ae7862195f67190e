#!/bin/bash
# Goal: A20. A recovery code, 64 requests at once over four processes: exactly one OK, for each of the ten
# codes; none works again after that, also when every wait is lifted.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"

start_nats
start_services 4
enroll ada
grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){4}' "$dir/enroll.txt" >"$dir/codes.txt"
expect "recovery codes" "$(wc -l <"$dir/codes.txt")" 10
left=10
while read -r code; do
    {
        echo "64* Verification.Verify username=ada recovery_code=$code"
        printf '\nAdmin.Unlock username=ada\n\n'
        echo "Verification.Verify username=ada recovery_code=$code"
        printf '\nAdmin.Unlock username=ada\n'
    } | ask >"$dir/answers.txt"
    head -n 64 "$dir/answers.txt" >"$dir/round.txt"
    expect "OK with $((11 - left))" "$(count OK "$dir/round.txt")" 1
    expect "refused with $((11 - left))" \
        $(($(count CODE_REJECTED "$dir/round.txt") + $(count LOCKED "$dir/round.txt"))) 63
    expect "the same code after Unlock" "$(sed -n 66p "$dir/answers.txt" | cut -d ' ' -f 1)" CODE_REJECTED
    left=$((left - 1))
    says <(cli --json status ada) "\"recovery_codes_left\":$left"
done <"$dir/codes.txt"

#!/bin/bash
# Shell scripts are clean under shellcheck, and can be run: one that cannot fails as a test, whatever it would find.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t scripts < <(find .ci tests docker -type f -not -path '*/node_modules/*' -exec grep -lE '^#!/bin/(ba)?sh' {} +)
for script in "${scripts[@]}"; do
    [ -x "$script" ] || { echo "$script: begins with #! and may not be run: chmod +x" >&2; exit 1; }
done
shellcheck -x -e SC2164 -S warning "${scripts[@]}"

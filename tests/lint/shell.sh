#!/bin/bash
# Shell scripts are clean under shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t scripts < <(find .ci tests docker -type f -not -path '*/node_modules/*' -exec grep -lE '^#!/bin/(ba)?sh' {} +)
shellcheck -x -e SC2164 -S warning "${scripts[@]}"

#!/bin/bash
# clang-format has nothing to change.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find service client tests -name '*.[ch]' -not -path '*/node_modules/*')
clang-format --dry-run --Werror "${files[@]}"

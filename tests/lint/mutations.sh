#!/bin/bash
# The lines that tests/attack/mutate.sh takes out are still in the source.
set -euo pipefail
exec "$(dirname "$0")/../attack/mutate.sh" --fits

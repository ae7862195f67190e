#!/bin/bash
# The README tells the truth: its table of settings is that of config.def, every path that it links or
# that its map names exists, and the Node snippet is the file that the tests run.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
complain() {
    echo "README.md: $1"
    bad=1
}
while IFS= read -r name; do
    grep -qF "\`$name\`" README.md || complain "the table of settings lacks $name"
done < <(grep -oE '"TWOFOLD_[A-Z_]+"' service/config/config.def | tr -d '"')
while IFS= read -r name; do
    grep -qE "\"$name\"" service/config/config.def client/cli/args.c || complain "there is no setting $name"
done < <(grep -oE '`TWOFOLD_[A-Z_]+`' README.md | tr -d '`' | sort -u)
while IFS= read -r path; do
    [ -e "$path" ] || complain "there is no $path"
done < <({
    grep -oE '\]\([A-Za-z/._-]+\)' README.md | sed 's/^](\(.*\))$/\1/'
    grep -oE '^\| `[A-Za-z/._-]+/`' README.md | tr -d '|` '
} | sort -u)
while IFS= read -r method; do
    grep -qF "$method" README.md || complain "the table of subjects lacks $method"
done < <(sed -nE 's/.*METHOD\(([a-z]+), "([A-Za-z]+)".*/\1 \2/p' service/rpc/methods.c |
    sed -E 's/([a-z])([A-Z])/\1_\2/g' | tr 'A-Z ' 'a-z.')
while IFS= read -r reason; do
    grep -qE "\b$reason\b" README.md || complain "the table of errors lacks $reason"
done < <(sed -nE 's/^    X\(([A-Z_]+), [0-9]+,.*/\1/p' service/base/err.h)
snippet=$(awk '/^```js$/ { on = 1; next } /^```$/ { on = 0 } on' README.md)
[ "$snippet" = "$(cat tests/e2e/node/example.mjs)" ] ||
    complain "the Node snippet is not tests/e2e/node/example.mjs"
exit $bad

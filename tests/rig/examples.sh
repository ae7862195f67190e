#!/bin/bash
# Goal: what docker/README.md tells developers is true. The code that it shows is that of docker/examples/; in each
# language that computes what RFC 6238 says, and what oathtool says; a running service takes three codes in a row,
# each once; and the page's own commands and tests do what it says.
#
#   TEST_BIN=$PWD/build/bin tests/rig/examples.sh [js|python|go|java]...     all four without one
#
# A language that is not installed: NOT RUN, exit 77; with RIG_REQUIRE=1 a failure.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "$bin" && pwd)
page=$top/docker/README.md examples=$top/docker/examples
# Go alone, nothing from the net; and a cache where there is no home.
export GOPROXY=off GOTOOLCHAIN=local GO111MODULE=off GOCACHE=${GOCACHE:-${HOME:-$dir}/.cache/go-build}

declare -A runtime=([js]=node [python]=python3 [go]=go [java]=java)
# run LANGUAGE: its example, as the page says; Java in the Arabic of Egypt, where digits are others, or in $locale.
run() {
    case $1 in
    js) node "$examples/totp.mjs" ;;
    python) python3 "$examples/totp.py" ;;
    go) go run "$examples/totp.go" ;;
    java) java -Duser.language="${locale:-ar}" -Duser.country="${country:-EG}" "$examples/Totp.java" ;;
    esac
}

missing=() languages=()
[ $# -gt 0 ] || set -- js python go java
for language; do
    program=${runtime[$language]:-}
    [ -n "$program" ] || fail "there is no example in $language"
    if command -v "$program" >/dev/null; then languages+=("$language"); else missing+=("$program"); fi
done
[ ${#missing[@]} = 0 ] || [ "${RIG_REQUIRE:-0}" != 1 ] || fail "missing: ${missing[*]}"
has() { [[ " ${languages[*]} " == *" $1 "* ]]; }
say() { printf '[examples %2ds] %s\n' "$SECONDS" "$*"; }

# ---- the page shows what is in the files, and names what there is ----
# blocks KIND: the page's blocks of this kind, each ended by a NUL.
blocks() { awk -v kind="\`\`\`$1" '$0 == kind { on = 1; next } on && /^```$/ { on = 0; printf "%c", 0 } on' "$page"; }
# shown KIND FILE...: every block of this kind stands in one of the files, and there is one at least.
shown() {
    local kind=$1 block file found n=0
    shift
    while IFS= read -r -d '' block; do
        found=0 n=$((n + 1))
        for file; do [[ $(cat "$file")$'\n' != *"$block"* ]] || found=1; done
        [ $found = 1 ] || fail "docker/README.md shows what is in no file: $block"
    done < <(blocks "$kind")
    [ $n -gt 0 ] || fail "docker/README.md shows no $kind"
}
shown js "$examples"/*.mjs
shown python "$examples/totp.py"
shown go "$examples/totp.go"
shown java "$examples/Totp.java"
shown yaml "$top"/docker/*.yaml "$examples"/*.yaml
while IFS= read -r path; do
    [ -e "$top/docker/$path" ] || fail "docker/README.md links to $path, which is not there"
done < <(grep -oE '\]\([A-Za-z0-9._/-]+\)' "$page" | tr -d ']()' || true)
while IFS= read -r path; do
    [ -e "$top/$path" ] || fail "docker/README.md names $path, which is not there"
done < <(grep -oE '\b(docker|tests|proto|client|service)/[A-Za-z0-9._/-]*[A-Za-z0-9_]' "$page" | sort -u)
say "docker/README.md shows the files as they are"

# ---- each language computes what it must ----
# row CODE LINE
row() {
    printf '%s\n' "$1" >>"$dir/expected"
    printf '%s\n' "$2" >>"$dir/lines"
}
digits=1234567890
key() { printf '%s' "$digits$digits$digits$digits$digits$digits$digits" | head -c "$1" | base32 -w 0; }
# RFC 6238, appendix B.
while read -r time sha1 sha256 sha512; do
    row "$sha1" "$(key 20),SHA1,8,30,$time"
    row "$sha256" "$(key 32),SHA256,8,30,$time"
    row "$sha512" "$(key 64),SHA512,8,30,$time"
    row "${sha1: -6}" "$(key 20),,,,$time"
done <<'END'
59 94287082 46119246 90693936
1111111109 07081804 68084774 25091201
1111111111 14050471 67062674 99943326
1234567890 89005924 91819424 93441116
2000000000 69279037 90698825 38618901
20000000000 65353130 77737706 47863826
END
# Codes that begin with zeros, or are nothing else.
row 000000 "$(key 20),SHA1,6,30,10484850"
row 000007 "$(key 20),SHA1,6,30,6795000"
row 00000325 "$(key 20),SHA1,8,30,9073920"
row 46119246 "$(key 32),sha256,8,30,59"
# A secret whose base32 ends within a letter, as people write it.
for spelling in MFRGGZDFMZTWQ2LKNNWG23TPOA====== MFRGGZDFMZTWQ2LKNNWG23TPOA mfrggzdfmztwq2lknnwg23tpoa \
    'mfrg gzdf mztw q2lk nnwg 23tp oa' 'MFRG-GZDF-MZTW-Q2LK-NNWG-23TP-OA======' ' MFRGGZDFMZTWQ2LKNNWG23TPOA====== '; do
    row "$(oathtool --totp --base32 --now @1234567890 MFRGGZDFMZTWQ2LKNNWG23TPOA)" "$spelling,SHA1,6,30,1234567890"
done
# And oathtool's word on whatever comes.
for n in $(seq 32); do
    algorithms=(SHA1 SHA256 SHA512)
    algorithm=${algorithms[n % 3]} length=$((6 + n % 2 * 2)) period=$((30 + n / 2 % 2 * 30))
    time=$((RANDOM * 32768 * 4 + RANDOM)) secret=$(head -c $((10 + RANDOM % 55)) /dev/urandom | base32 -w 0)
    row "$(oathtool --base32 --totp=$algorithm --digits=$length --time-step-size=${period}s --now "@$time" "$secret")" \
        "$secret,$algorithm,$length,$period,$time"
done
for language in "${languages[@]}"; do
    run "$language" <"$dir/lines" >"$dir/codes" 2>"$dir/words.txt" ||
        fail "$language fails at $(sed -n "$(($(wc -l <"$dir/codes") + 1))p" "$dir/lines"): $(cat "$dir/words.txt")"
    diff <(paste "$dir/expected" "$dir/lines") <(paste "$dir/codes" "$dir/lines") ||
        fail "$language: other codes than RFC 6238's and oathtool's (<)"
    for bad in '' GEZDGNB1GY3TQOJQ GEZDGNBVGY3TQO=QGEZDGNBV; do
        ! run "$language" <<<"$bad,SHA1,6,30,59" >"$dir/codes" 2>"$dir/words.txt" || fail "$language takes '$bad' for a secret"
        [ ! -s "$dir/codes" ] || fail "$language has a code for '$bad'"
        ! grep -q GEZDGNB "$dir/words.txt" || fail "$language tells the secret"
    done
    say "$language: $(wc -l <"$dir/lines") codes are those of RFC 6238 and oathtool"
done
if has js; then # it is a program by any name, and quiet when imported
    ln -s "$examples/totp.mjs" "$dir/link.mjs"
    [ "$(node "$dir/link.mjs" <<<"$(key 20),SHA1,8,30,59")" = 94287082 ] || fail 'js: not through a link'
    [ -z "$(node --input-type=module -e "import '$examples/totp.mjs'" <<<"$(key 20)")" ] || fail 'js: not quiet when imported'
fi
if has java; then # in Turkish, i is not the small I
    [ "$(locale=tr country=TR run java <<<'lili lili lili lili,SHA1,8,30,59')" = \
        "$(oathtool --totp --base32 --digits=8 --now @59 LILILILILILILILI)" ] || fail 'java: no small i in Turkish'
fi

# ---- a running service takes each code, once ----
printf 'jetstream { store_dir: "%s/js" }\n' "$dir/js" >"$dir/nats.conf"
start_nats "$dir/nats.conf"
start_service one
serving one
cli seed "$top/docker/seed.example.yaml" >"$dir/seed.txt" 2>&1 || fail "$(cat "$dir/seed.txt")"
cat >"$dir/phones.yaml" <<END
organizations:
  phones:
    users:
      - username: js
        authenticators: [{otpauth_uri: "otpauth://totp/js?secret=$(key 20)"}]
      - username: python
        authenticators: [{otpauth_uri: "otpauth://totp/python?secret=$(key 32)&algorithm=SHA256&digits=8"}]
      - username: go
        authenticators: [{otpauth_uri: "otpauth://totp/go?secret=$(key 64)&algorithm=SHA512&digits=8"}]
      - username: java
        authenticators: [{otpauth_uri: "otpauth://totp/java?secret=$(key 20)&digits=8"}]
END
declare -A line=([js]="$(key 20)" [python]="$(key 32),SHA256,8" [go]="$(key 64),SHA512,8,30" [java]="$(key 20),SHA1,8,30,")
cli seed "$dir/phones.yaml" >"$dir/seed.txt" 2>&1 || fail "$(cat "$dir/seed.txt")"

# three LANGUAGE: codes in a row: of now, of the next step, and one for which it waits.
three() {
    local code n
    coproc APP { run "$1" 2>"$dir/$1.err"; }
    for n in 1 2 3; do
        printf '%s\n' "${line[$1]}" >&"${APP[1]}"
        read -r -t 100 code <&"${APP[0]}" || fail "$1: no code $n: $(cat "$dir/$1.err")"
        cli --org phones verify "$1" <<<"$code" >"$dir/$1.verdict" 2>&1 || fail "$1: code $n is refused: $(cat "$dir/$1.verdict")"
        ! cli --org phones verify "$1" <<<"$code" >"$dir/$1.verdict" 2>&1 || fail "$1: code $n is good twice"
    done
}
phones=()
for language in "${languages[@]}"; do
    three "$language" &
    phones+=($!) pids+=($!)
done

# ---- the page's commands ----
if has python; then
    # shellcheck disable=SC2016
    { echo 'twofold() { "$BIN/twofold" "$@"; }' && blocks bash | tr -d '\0'; } >"$dir/commands.sh"
    for _ in once 'and again at once, with the same code'; do
        (cd "$top" && BIN=$bin bash -euo pipefail "$dir/commands.sh") >"$dir/commands.txt" 2>&1 ||
            fail "the page's commands: $(cat "$dir/commands.txt")"
        # Events are on their way when a reply is there.
        for _ in $(seq 100); do
            ! grep -q account.locked "$dir/commands.txt" || break
            sleep 0.1
            cli --org acme audit tail --since 5m >>"$dir/commands.txt"
        done
        for text in 'method: TOTP' 'denied: 1' 'state: ACTIVE' verification.succeeded purpose=payment account.locked; do
            says "$dir/commands.txt" "$text"
        done
    done
    say "the page's commands do what it says"
fi

# ---- the page's tests, where the e2e tests of this build keep their packages ----
if has js; then
    cmake -DSOURCE="$top" -DCOPY="$bin/../e2e" -P "$top/tests/e2e/node/install.cmake" >"$dir/install.txt" 2>&1 ||
        fail "npm ci: $(cat "$dir/install.txt")"
    mkdir -p "$dir/tree/docker" "$dir/tree/tests/e2e/node"
    cp -r "$top/proto" "$dir/tree"
    cp -r "$examples" "$dir/tree/docker"
    cp -r "$top/tests/e2e/node/lib" "$dir/tree/tests/e2e/node"
    ln -s "$bin/../e2e/node_modules" "$dir/tree/node_modules"
    NATS_URL=$url timeout 60 node "$dir/tree/docker/examples/twofold.test.mjs" >"$dir/tests.txt" 2>&1 ||
        fail "twofold.test.mjs: $(cat "$dir/tests.txt")"
    grep -qE '^(#|ℹ) pass [1-9]' "$dir/tests.txt" || fail "twofold.test.mjs tests nothing: $(cat "$dir/tests.txt")"
    cli seed "$top/docker/seed.example.yaml" >"$dir/seed.txt" 2>&1 || fail "after twofold.test.mjs: $(cat "$dir/seed.txt")"
    say "twofold.test.mjs: $(grep -E '^(#|ℹ) pass' "$dir/tests.txt" | tr -dc 0-9) tests pass"
fi

for phone in "${phones[@]}"; do wait "$phone"; done
say "a running service takes three codes in a row, each once: ${languages[*]}"
[ ${#missing[@]} = 0 ] || { say "NOT RUN: no ${missing[*]}" >&2; exit 77; }

#!/bin/bash
# Goal: a file of users is taken in as a whole: passwords and codes work, the trail tells of each, broken lines are
# named and cost nothing else; and an import that was broken off, or whose service was killed, goes on without
# losing or doubling anybody.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

printf 'jetstream { store_dir: "%s/js" }\n' "$dir/js" >"$dir/nats.conf"
start_nats "$dir/nats.conf"
start_service one
serving one

# A real hash of "correct horse", as another system keeps it, and a key for everybody.
# shellcheck disable=SC2016
hash=$(node -e '
    const { scryptSync, randomBytes } = require("node:crypto"), salt = randomBytes(16);
    const text = (bytes) => bytes.toString("base64").replaceAll("=", "");
    console.log(`$scrypt$ln=12,r=8,p=2$${text(salt)}$${text(scryptSync("correct horse", salt, 32, { N: 4096, r: 8, p: 2 }))}`);')
key=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
# users PREFIX FIRST LAST: a line for each.
users() {
    seq -f "%05.0f" "$2" "$3" | sed -E "s|(.*)|{\"username\":\"$1-\1\",\"otpauth_uris\":[\"otpauth://totp/Old:$1-\1?secret=$key\&issuer=Old\"]}|"
}
# import ARGUMENT...: sums in $dir/sums.txt, words in $dir/words.txt, exit code in $code.
import() {
    code=0
    timeout 120 "$bin/twofold" import "$@" >"$dir/sums.txt" 2>"$dir/words.txt" || code=$?
}
sums() { [ "$(cat "$dir/sums.txt")" = "$1" ] || fail "$(cat "$dir/sums.txt" "$dir/words.txt") instead of $1"; }
listed() { cli user list >"$dir/list.txt"; }

# ---- a file, with broken lines in it ----
{
    echo "{\"username\":\"ada\",\"password_hash\":\"$hash\",\"otpauth_uris\":[\"otpauth://totp/Old:ada?secret=$key&digits=6\"]}"
    users a 1 2000
    echo "{\"username\":\"eve\",\"password_hash\":\"\$2b\$10\$hidden.words\"}"                 # line 2002
    echo "{\"username\":\"eve\",\"otpauth_uris\":[\"otpauth://totp/eve?secret=HIDDEN\"]}"      # the service refuses it
    echo "{\"username\":\"eve\",\"otpauth_urls\":[\"otpauth://totp/eve?secret=$key\"]}"
    echo 'hidden words'
    echo "{\"username\":\"eve\",\"otpauth_uris\":[\"otpauth://totp/eve?secret=$key\",\"otpauth://totp/eve?secret=$key\"]}"
    users a 2001 4999
    echo
    head -c 1000000 /dev/zero | tr '\0' x                                                      # line 5007 has no end
} >"$dir/users"
import --dry-run --file "$dir/users"
[ $code = 1 ] || fail "dry run: exit $code"
sums 'would send 5002, refused 4'
import --file "$dir/users" --errors "$dir/errors"
[ $code = 1 ] || fail "import: exit $code"
sums 'imported 5000, already there 0, refused 6'
cat >"$dir/expected" <<'END'
line 2002: password_hash: must be a text that begins with $scrypt$, or be left out
line 2004: has a member that is none of username, password_hash, otpauth_uris
line 2005: is no JSON object
line 2003: otpauth_uris[0]: 
line 2006: otpauth_uris: must be no more than the policy's max_authenticators
line 5007: is longer than 64 KiB
END
while IFS= read -r line; do says "$dir/errors" "$line"; done <"$dir/expected"
[ "$(wc -l <"$dir/errors")" = 6 ] || fail "other lines are named: $(cat "$dir/errors")"
sed 's/^/twofold: /' "$dir/errors" >"$dir/told"
diff "$dir/told" <(grep 'line [0-9]*:' "$dir/words.txt") || fail 'the terminal is told something else'
! grep -qi hidden "$dir/words.txt" "$dir/errors" || fail 'a line is echoed'
listed
[ "$(grep -c ACTIVE "$dir/list.txt")" = 5000 ] || fail "$(grep -c ACTIVE "$dir/list.txt") of 5000 users are active"
! grep -q eve "$dir/list.txt" || fail 'half a user is there'

# What they had is good here, once.
secret=$key
[ $(($(date +%s) % 30)) -lt 24 ] || sleep 7
otp 0 | cli verify a-04999 >/dev/null || fail 'an imported code is refused'
! otp 0 | cli verify a-04999 >/dev/null 2>&1 || fail 'a code was good twice'
{ echo 'correct horse'; otp 0; } | cli login ada >"$dir/login.txt" || fail 'an imported password is refused'
says "$dir/login.txt" AUTHENTICATED
! { echo 'wrong horse'; otp 1; } | cli login ada >/dev/null 2>&1 || fail 'a wrong password is good'

# The trail tells of each of them.
for _ in $(seq 100); do
    cli audit export 2>/dev/null >"$dir/trail"
    imported=$(grep -c '"type":"twofold.factor.imported"\|factor\.imported' "$dir/trail" || true)
    [ "$imported" -lt 5000 ] || break
    sleep 0.2
done
[ "$imported" = 5000 ] || fail "$imported events of 5000 authenticators"
[ "$(grep -c 'user\.created' "$dir/trail")" = 5000 ] || fail 'not every user was told of'
cli audit verify >/dev/null 2>"$dir/verify.txt" || fail "the trail is not whole: $(cat "$dir/verify.txt")"

# ---- once more: nobody is touched ----
import --json --file - <"$dir/users"
[ $code = 1 ] || fail "again: exit $code"
sums '{"imported":0,"already_there":5000,"refused":6}'
cli audit export 2>/dev/null >"$dir/trail"
[ "$(grep -c 'user\.created' "$dir/trail")" = 5000 ] || fail 'a user was made twice'

# feed PREFIX LINES: import in the background from a pipe, to which the lines go; returns when 1000 users are in.
feed() {
    rm -f "$dir/pipe" "$dir/feed.txt" "$dir/feed.log" # await must not see what the last one said
    mkfifo "$dir/pipe"
    timeout 120 "$bin/twofold" import --file - --timeout 2 <"$dir/pipe" >"$dir/feed.txt" 2>"$dir/feed.log" &
    feeder=$!
    exec 5>"$dir/pipe"
    users "$1" 1 "$2" >&5 2>/dev/null &
    writer=$!
    for _ in $(seq 200); do
        ! cli status "$1-01000" | grep -q ACTIVE || return 0
        sleep 0.05
    done
    fail "the first lines are not taken in: $(cat "$dir/feed.log")"
}

# ---- Ctrl-C: what was sent is decided and counted, and the same command goes on ----
feed b 99999
# To timeout's child: timeout itself would end all of this script's.
kill -INT "$(pgrep -P $feeder)"
ended $feeder
[ $code = 1 ] || fail "interrupted: exit $code"
exec 5>&-
wait $writer || true # nobody reads any more
says "$dir/feed.log" 'run the same command again'
n=$(sed -nE 's/^imported ([0-9]+), already there 0, refused 0$/\1/p' "$dir/feed.txt")
listed
[ "$(grep -c '^b-' "$dir/list.txt")" = "$n" ] || fail "$n users were counted, not $(grep -c '^b-' "$dir/list.txt")"
users b 1 $((n + 1000)) >"$dir/users"
import --file "$dir/users"
[ $code = 0 ] || fail "the second run: exit $code"
sums "imported 1000, already there $n, refused 0"

# ---- the service is killed under it, and comes back ----
feed c 1000
wait $writer
kill -9 "$pid"
ended "$pid" 2>/dev/null
users c 1001 4000 >&5 &
writer=$!
await "$dir/feed.log" 'trying again: '
start_service two 5>&- # or the pipe would have no end
serving two
wait $writer
exec 5>&-
ended $feeder
[ $code = 0 ] || fail "a killed service: exit $code, $(cat "$dir/feed.log")"
says "$dir/feed.txt" 'imported 4000, already there 0, refused 0'
listed
[ "$(grep -c '^c-.*ACTIVE' "$dir/list.txt")" = 4000 ] || fail 'somebody is lost'

# ---- in vain ----
users d 1 100 >"$dir/users"
cli --org nowhere import --file "$dir/users" >/dev/null 2>"$dir/words.txt" && fail 'an unknown organization is taken'
says "$dir/words.txt" 'There is no such user or organization.'
# A line without end does not fill the memory. (The sanitizers want more than any limit.)
(
    grep -q __asan_init "$bin/twofold" || ulimit -v 90000
    { head -c 100000000 /dev/zero; echo; users e 1 1; } | cli import --dry-run --file - >"$dir/sums.txt" 2>/dev/null || true
)
sums 'would send 1, refused 1'
kill "$pid"
ended "$pid"
import --file "$dir/users"
[ $code = 3 ] || fail "nobody there: exit $code"

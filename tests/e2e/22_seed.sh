#!/bin/bash
# Goal: a file of known secrets becomes organizations in which a test can log in: codes computed from the file are
# accepted, a second run changes nothing, a run that broke off is completed, and nothing is ever put beside users
# that are not of the file, or sent of a file that has a mistake.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
source=$(cd "$(dirname "$0")/../.." && pwd)
example=$source/docker/seed.example.yaml
rfc=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ

cat >"$dir/nats.conf" <<CONF
jetstream { store_dir: "$dir/js" }
authorization {
    users: [
        { user: all, password: all }
        { user: acme, password: acme, permissions: { subscribe: ["_INBOX.>"], publish: ["twofold.v1.acme.admin.*"] } }
    ]
}
no_auth_user: all
CONF
start_nats "$dir/nats.conf"
start_service one
serving one

# seed ARGUMENT...: table in $dir/table.txt, words in $dir/words.txt, exit code in $code.
seed() {
    code=0
    timeout 60 "$bin/twofold" seed "$@" >"$dir/table.txt" 2>"$dir/words.txt" || code=$?
    ! grep -qE "horse|$rfc|GEZA" "$dir/table.txt" "$dir/words.txt" || fail 'a secret is echoed'
}
ended_with() { [ "$code" = "$1" ] || fail "exit $code instead of $1: $(cat "$dir/table.txt" "$dir/words.txt")"; }
table() { diff <(printf '%s\n' "$@") "$dir/table.txt" || fail "another table: $(cat "$dir/words.txt")"; }
events() { for _ in $(seq 100); do cli audit export --all-orgs >"$dir/trail" 2>/dev/null; n=$(grep -c "$1" "$dir/trail" || true); [ "$n" -lt "$2" ] || break; sleep 0.1; done; [ "$n" = "$2" ] || fail "$n events $1, not $2"; }
# Room for a code to be computed, sent and looked at within its time step.
with_time_left() { [ $(($(date +%s) % 30)) -lt 24 ] || sleep 7; }

# ---- the example, which needs no bus to be checked ----
TWOFOLD_NATS_URL=nats://127.0.0.1:1 seed --dry-run "$example"
ended_with 0
table 'acme: policy of 3 fields, 3 users, 2 authenticators; nothing was sent' \
    'default: policy of 0 fields, 2 users, 1 authenticator; nothing was sent'
seed "$example"
ended_with 0
table 'acme: policy set, 3 users created, 2 authenticators' 'default: policy untouched, 2 users created, 1 authenticator'
[ ! -s "$dir/words.txt" ] || fail "$(cat "$dir/words.txt")"
cli --org acme policy show >"$dir/policy.txt"
says "$dir/policy.txt" 'mode: REQUIRED'
says "$dir/policy.txt" 'issuer: Acme'
cli --org acme status alice >"$dir/status.txt"
says "$dir/status.txt" "alice's phone"

# A test computes the code, and it is the code; login says what the policy says.
secret=$rfc
with_time_left
otp 0 | cli --org acme verify alice >/dev/null || fail "alice's code is refused"
! otp 0 | cli --org acme verify alice >/dev/null 2>&1 || fail 'a code was good twice'
{ echo 'correct horse battery staple'; otp 1; } | cli --org acme login alice >"$dir/login.txt" || fail "alice's login is refused"
says "$dir/login.txt" AUTHENTICATED
echo 'correct horse battery staple' | cli --org acme login bob >"$dir/login.txt" 2>&1 || true
grep -qi 'enrol' "$dir/login.txt" || fail "bob is not told to enrol: $(cat "$dir/login.txt")"
oathtool --totp=sha256 --digits=8 --base32 "${rfc}GEZDGNBVGY3TQOJQGEZA" | cli --org acme verify carol >/dev/null ||
    fail "carol's code is refused"
echo 'correct horse battery staple' | cli login dave >"$dir/login.txt" || fail 'dave, with nothing but a password, is refused'
otp 0 | cli verify erin >/dev/null || fail "erin's code is refused"
! { echo 'correct horse battery'; otp 1; } | cli login dave >/dev/null 2>&1 || fail 'a wrong password is good'

# ---- once more, as JSON: nothing is changed, not even told of ----
events user.created 5
events policy.changed 1
node -e '
    console.log(JSON.stringify({ organizations: {
        acme: { policy: { mode: "required", issuer: "Acme", max_failures: 5 }, users: [
            { username: "alice", password: "another password", authenticators: [{ secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" }] },
            { username: "bob" }, { username: "carol" }] },
        default: { users: [{ username: "dave" }, { username: "erin" }] } } }, null, "\t"))' >"$dir/seed.json"
seed "$dir/seed.json"
ended_with 0
table 'acme: policy there already, 0 users created, 3 there already, 0 authenticators' \
    'default: policy untouched, 0 users created, 2 there already, 0 authenticators'
says "$dir/words.txt" 'organization acme: 1 of the users who are there has a second factor where the file has none'
events user.created 5
events policy.changed 1
! grep -q 'password.changed' "$dir/trail" || fail 'a password was changed'

# ---- strangers ----
echo 'a real password' | cli --org acme user put zoe >/dev/null
printf 'organizations:\n  new: {users: [{username: nina}]}\n  acme: {users: [{username: alice}, {username: ada}]}\n' >"$dir/beside.yaml"
seed "$dir/beside.yaml"
ended_with 2
says "$dir/words.txt" 'organization acme has 3 users who are not in the file'
says "$dir/words.txt" '--i-know-these-are-test-secrets'
! cli --org new policy show >/dev/null 2>&1 || fail 'an organization was made before all were looked at'
! cli --org acme user list | grep ada || fail 'a user was put beside strangers'
seed "$dir/beside.yaml" --i-know-these-are-test-secrets
ended_with 0
table 'new: policy set, 1 user created, 0 authenticators' \
    'acme: policy untouched, 1 user created, 1 there already, 0 authenticators'
cli --org acme user list | grep zoe >/dev/null || fail 'a stranger is gone'

# ---- --replace: the file's users anew, from standard input ----
printf '{"organizations":{"new":{"users":[{"username":"nina","authenticators":[{"secret":"%s"}]}]}}}' "$rfc" >"$dir/nina.json"
seed "$dir/nina.json"
table 'new: policy untouched, 0 users created, 1 there already, 0 authenticators'
seed - --replace --json <"$dir/nina.json"
ended_with 0
table '{"organization":"new","policy":"untouched","created":0,"replaced":1,"there_already":0,"authenticators":1,"refused":0}'
with_time_left
otp 0 | cli --org new verify nina >/dev/null || fail "nina's code is refused"

# ---- the example of --help is one ----
cli seed --help | sed -n '/^  organizations:/,/^$/p' >"$dir/help.yaml"
sed -i 's/^    acme:/    helped:/' "$dir/help.yaml"
seed "$dir/help.yaml"
ended_with 0
table 'helped: policy set, 2 users created, 2 authenticators'
with_time_left
otp 0 | cli --org helped verify alice >/dev/null || fail "the code of --help's alice is refused"

# ---- a mistake anywhere: all are named, nothing is sent ----
cat >"$dir/bad.yaml" <<YAML
organizations:
  fresh:
    users:
      - username: ok
      - username: ok
        password: horse
        authenticators: [{secret: ${rfc}1}]
YAML
seed "$dir/bad.yaml"
ended_with 2
diff - "$dir/words.txt" <<WORDS || fail 'other mistakes are named'
$dir/bad.yaml:5:9: username: is given twice, see line 4
$dir/bad.yaml:6:19: password: must be 8 to 256 bytes
$dir/bad.yaml:7:35: secret: must be 16 to 64 bytes in base32
twofold: nothing was sent
WORDS
! cli --org fresh policy show >/dev/null 2>&1 || fail 'something of a wrong file was sent'

# What only the service can know is named by the user's line; the others are in.
cat >"$dir/half.yaml" <<YAML
organizations:
  half:
    users:
      - {username: one, authenticators: [{otpauth_uri: "otpauth://totp/a?secret=$rfc&digits=7"}]}
      - {username: two}
YAML
seed "$dir/half.yaml"
ended_with 1
table 'half: policy set, 1 user created, 0 authenticators, 1 refused'
says "$dir/words.txt" "$dir/half.yaml:4:9: otpauth_uris[0]: must have 6 or 8 digits"

# ---- a login that may only seed its own organization is told which one it may not ----
TWOFOLD_NATS_URL=nats://acme:acme@127.0.0.1:$nats_port seed "$example"
ended_with 3
says "$dir/words.txt" 'organization default:'
says "$dir/words.txt" 'Permissions Violation'
TWOFOLD_NATS_URL=nats://acme:acme@127.0.0.1:$nats_port seed "$dir/beside.yaml"
ended_with 3
says "$dir/words.txt" 'organization new:'

# ---- a run that broke off, with nobody's half in the store, is completed by the next ----
{
    printf 'organizations:\n  large:\n    users:\n'
    seq -f '      - {username: u%03.0f, password: "correct horse", authenticators: [{secret: '$rfc'}]}' 48
} >"$dir/large.yaml"
"$bin/twofold" seed "$dir/large.yaml" >"$dir/broken.txt" 2>"$dir/broken.log" &
seeder=$!
pids+=("$seeder")
for _ in $(seq 400); do
    ! cli --org large user list 2>/dev/null | grep ACTIVE >/dev/null || break
    sleep 0.02
done
kill -INT $seeder
ended $seeder
[ "$code" = 1 ] || fail "interrupted: exit $code"
says "$dir/broken.log" 'run the same command again'
listed=$(cli --org large user list | wc -l)
[ "$listed" -lt 48 ] || fail 'nothing was broken off'
grep -q "^large: policy set, $listed users created" "$dir/broken.txt" || fail "$listed are there, said was: $(cat "$dir/broken.txt")"
[ "$(cli --org large user list | grep -c ACTIVE)" = "$listed" ] || fail 'half a user is there'
seed "$dir/large.yaml"
ended_with 0
[ "$(cli --org large user list | grep -c ACTIVE)" = 48 ] || fail 'not everybody is in'
says "$dir/table.txt" "$listed there already"

# ---- nobody there ----
kill "$pid"
ended "$pid"
seed "$example"
ended_with 3

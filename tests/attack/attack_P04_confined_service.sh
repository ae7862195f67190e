#!/bin/bash
# Goal: the running service is confined, all of its threads; it goes on serving while the bus goes away
# and comes back and while its keyring and its login are replaced by rename; a link that leads its login
# to a file elsewhere is not followed; nothing of its memory would be in a core file.
# shellcheck source=tests/e2e/lib.sh
. "$TEST_SOURCE/tests/e2e/lib.sh"

seed=SUAKINP3Z2BPUXWOFSW2FZC7TFJCMMU7DHKP2C62IJQUDASOCDSTDTRMJQ
public=UB57IEMPG4KOTPFV5A66QKE2HZ3XBXFHVRCCVMJEWKECMVN2HSH3VTSJ
mkdir "$dir/login" "$dir/elsewhere" "$dir/keys"
echo $seed | tee "$dir/login/real" >"$dir/elsewhere/seed"
ln -s real "$dir/login/seed"
echo "authorization { users = [ { nkey: $public } ] }" >"$dir/nats.conf"
start_nats "$dir/nats.conf"
export TWOFOLD_NATS_NKEY_FILE=$dir/elsewhere/seed
by_name=nats://localhost:$nats_port
# In a folder of its own: what lies in and below the folder of the keyring can be read.
export TWOFOLD_KEYRING_FILE=$dir/keys/keyring
"$bin/twofoldd" keys init >/dev/null

# of_threads FIELD: its values over all threads of the service, each once.
of_threads() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/task/"*/status | sort -u | tr '\n' ' '; }
# bus_again: the bus is killed and comes back.
bus_again() {
    kill -9 "$nats_pid"
    wait "$nats_pid" 2>/dev/null || true
    start_nats "$dir/nats.conf"
}
backs() { grep -c 'msg="bus is back"' "$dir/service.log" || true; }
# served_again N: until the service and its publisher are back for the Nth time, 20 seconds at most.
served_again() {
    for _ in $(seq 400); do
        [ "$(backs)" -ge $((2 * $1)) ] && break
        sleep 0.05
    done
    [ "$(backs)" -ge $((2 * $1)) ] || fail "the bus came back $(backs) times, not $((2 * $1))"
    cli --timeout 5 ping >/dev/null || fail "no answer after the bus came back"
}

start_service service TWOFOLD_NATS_URL="$by_name" TWOFOLD_NATS_NKEY_FILE="$dir/login/seed"
serving service
[ "$(cat "/proc/$pid/coredump_filter")" = 00000000 ] || fail "memory would be in a core file"
if grep -q 'not confined: this build' "$dir/service.log"; then
    echo "skipped: sanitizers and confinement exclude each other"
    exit 77
fi
says "$dir/service.log" 'seccomp=on'
[ "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 3 ] || fail "too few threads to judge"
[ "$(of_threads Seccomp)" = '2 ' ] || fail "Seccomp is $(of_threads Seccomp)in the threads, not 2"
[ "$(of_threads NoNewPrivs)" = '1 ' ] || fail "NoNewPrivs is $(of_threads NoNewPrivs)in the threads, not 1"

enroll alice
cp -p "$dir/keys/keyring" "$dir/keys/new"
mv "$dir/keys/new" "$dir/keys/keyring"
cp "$dir/login/real" "$dir/login/new"
mv "$dir/login/new" "$dir/login/real"
bus_again
served_again 1
otp 1 | cli verify alice >/dev/null || fail "a code is not accepted after the keyring was replaced"

if grep -q 'landlock=[1-9]' "$dir/service.log"; then
    ln -sfn ../elsewhere/seed "$dir/login/seed"
    bus_again
    for _ in $(seq 40); do
        ! cli --timeout 1 ping >/dev/null 2>&1 || fail "it read a login elsewhere"
        sleep 0.05
    done
    ln -sfn real "$dir/login/seed"
    served_again 2
else
    echo "this kernel has no Landlock: files are not looked at"
    says "$dir/service.log" 'this kernel has no Landlock'
fi
echo 'correct horse' | cli user put bob >/dev/null || fail "passwords are not hashed any more"
kill -TERM "$pid"
ended "$pid"
[ "$code" = 0 ] || fail "exit code $code after SIGTERM"

start_service free TWOFOLD_CONFINE=off
serving free
says "$dir/free.log" 'level=warn msg="not confined'
[ "$(of_threads Seccomp)" = '0 ' ] || fail "TWOFOLD_CONFINE=off confines"

# Sourced by the scenario scripts: a folder, a nats-server and a twofoldd of their own; all of it is
# ended by pid and removed at the end. Every wait is bounded.
# shellcheck shell=bash
set -Eeuo pipefail
bin=${TEST_BIN:?set it to the folder with twofoldd and twofold, as TEST_BIN=$PWD/build/bin}
dir=$(mktemp -d -t twofold-e2e.XXXXXX)
nats_pid='' pids=()
# Cheap password hashes: these tests are about other things.
export TWOFOLD_SCRYPT_LN=10 TWOFOLD_SCRYPT_P=1

# alive PID: one of ours that has not ended. Numbers of processes are soon used again, by others.
alive() { grep -qx -- "$1" <<<"$(jobs -rp; jobs -sp)"; }
end() {
    for pid in "$@"; do ! alive "$pid" || kill "$pid" 2>/dev/null || true; done
    for pid in "$@"; do wait "$pid" 2>/dev/null || true; done
}
finish() {
    rc=$?
    trap - EXIT ERR
    [ ${#pids[@]} = 0 ] || end "${pids[@]}"
    [ -z "$nats_pid" ] || end "$nats_pid"
    if grep -qE 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$dir"/*.log 2>/dev/null; then
        echo "a sanitizer has found something" >&2
        rc=1
    fi
    if [ $rc != 0 ] && [ $rc != 77 ]; then tail -n 30 "$dir"/*.log 2>/dev/null || true; fi
    chmod -R u+w "$dir" 2>/dev/null || true
    rm -rf "$dir"
    exit $rc
}
trap finish EXIT
trap 'echo "$0: line $LINENO failed: $BASH_COMMAND" >&2' ERR

fail() { echo "FAIL: $*" >&2; exit 1; }
# await FILE PATTERN: until a line of FILE matches, 20 seconds at most.
await() {
    for _ in $(seq 400); do
        grep -qE -- "$2" "$1" 2>/dev/null && return 0
        sleep 0.05
    done
    fail "waited in vain for '$2' in $1"
}
# ended PID: until the process is gone, 20 seconds at most; its exit code is in $code.
ended() {
    for _ in $(seq 400); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    ! kill -0 "$1" 2>/dev/null || fail "process $1 did not end"
    code=0
    wait "$1" 2>/dev/null || code=$?
}
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2':
$(cat "$1")"; }

# start_nats [CONFIG-FILE]: on a free port; sets $url. A restart keeps the port.
start_nats() {
    local port=${nats_port:--1}
    nats-server -a 127.0.0.1 -p "$port" --ports_file_dir "$dir" ${1:+-c "$1"} >>"$dir/nats.log" 2>&1 &
    nats_pid=$!
    for _ in $(seq 400); do
        [ -s "$dir/nats-server_$nats_pid.ports" ] && break
        sleep 0.05
    done
    url=$(grep -oE 'nats://127\.0\.0\.1:[0-9]+' "$dir/nats-server_$nats_pid.ports" | head -n 1)
    nats_port=${url##*:}
    export TWOFOLD_NATS_URL=$url
}
stop_nats() {
    end "$nats_pid"
    nats_pid=''
}
# start_service NAME [ENV=VALUE...]: twofoldd on $dir/data, log in $dir/NAME.log, pid in $pid.
start_service() {
    local name=$1
    shift
    env TWOFOLD_DATA_DIR="$dir/data" "$@" "$bin/twofoldd" 2>"$dir/$name.log" &
    pid=$!
    pids+=($pid)
}
serving() { await "$dir/$1.log" 'msg=serving'; }
cli() { "$bin/twofold" "$@"; }
# enroll USER: through the command line; sets $secret and $recovery.
enroll() {
    echo 'correct horse' | cli user put "$1" >/dev/null
    mkfifo "$dir/answers"
    cli enroll "$1" <"$dir/answers" >"$dir/enroll.txt" &
    local pid=$!
    exec 3>"$dir/answers"
    echo 'correct horse' >&3
    await "$dir/enroll.txt" '^URI:'
    secret=$(sed -n 's/.*[?&]secret=\([A-Z2-7]*\).*/\1/p' "$dir/enroll.txt" | head -n 1)
    [ $(($(date +%s) % 30)) -lt 26 ] || sleep 4
    otp -1 >&3
    exec 3>&-
    wait $pid
    rm "$dir/answers"
    recovery=$(grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){4}' "$dir/enroll.txt" | head -n 1)
}
# otp STEPS: the code of $secret, STEPS time steps from now.
otp() { oathtool --base32 --totp --now "@$(($(date +%s) + 30 * $1))" "$secret"; }

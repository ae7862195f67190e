#!/bin/bash
# Goal: under the unit's own SystemCallFilter the service starts, confines itself and serves. The lines are
# read from the unit and mean what this systemd says they mean; systemd itself need not run.
# shellcheck source=tests/e2e/lib.sh
. "$TEST_SOURCE/tests/e2e/lib.sh"

unit=$TEST_SOURCE/service/twofoldd.service
if ! command -v systemd-analyze >/dev/null; then
    echo "skipped: no systemd-analyze"
    exit 77
fi
if grep -qF __asan_init "$bin/twofoldd"; then
    echo "skipped: sanitizers need calls that the unit does not allow, and exclude confinement"
    exit 77
fi
# calls_of NAME: a call is itself, a group all that is in it.
calls_of() {
    local inner
    case $1 in
    @*) for inner in $(systemd-analyze syscall-filter --no-pager "$1" | sed -nE 's/^ +([@a-z0-9_-]+)$/\1/p'); do
        calls_of "$inner"
    done ;;
    *) echo "$1" ;;
    esac
}
declare -A allowed=()
while IFS= read -r line; do
    for word in ${line#\~}; do
        for call in $(calls_of "$word"); do
            if [ "$line" = "${line#\~}" ]; then allowed[$call]=1; else unset "allowed[$call]"; fi
        done
    done
done < <(sed -n 's/^SystemCallFilter=//p' "$unit")
[ ${#allowed[@]} -gt 100 ] || fail "only ${#allowed[@]} calls could be read from the unit"
[ -z "${allowed[setrlimit]:-}" ] || fail "a group that is taken back is still allowed"

start_nats
env TWOFOLD_DATA_DIR="$dir/data" "$bin/../tests/process_filter" "$bin/twofoldd" \
    <<<"${!allowed[*]}" 2>"$dir/service.log" &
pid=$!
pids+=("$pid")
serving service
[ "$(grep -h '^Seccomp_filters:' "/proc/$pid/task/"*/status | sort -u | tr -dc 0-9)" = 2 ] ||
    fail "there are not two filters on every thread"
enroll alice
otp 1 | cli verify alice >/dev/null || fail "not served under the unit's filter"
kill -TERM "$pid"
ended "$pid"
[ "$code" = 0 ] || fail "exit code $code after SIGTERM"

# What is on is the same as without the unit.
said() { sed -nE '/confined|Landlock|seccomp/s/^time=[^ ]* //p' "$dir/$1.log"; }
start_service free
serving free
[ -n "$(said free)" ] && [ "$(said service)" = "$(said free)" ] ||
    fail "under the unit: $(said service); without: $(said free)"

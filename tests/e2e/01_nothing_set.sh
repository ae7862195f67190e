#!/bin/bash
# Goal: with nothing set, twofoldd serves nats://127.0.0.1:4222 from ./twofold-data, and makes its keyring
# beside it, 0600, once. Port 4222 must be free for it; in a network namespace of its own it is.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${1-}" != inside ]; then
    exec unshare --net bash "$0" inside
fi
ip link set lo up 2>/dev/null || ifconfig lo up
nats_port=4222 start_nats
cd "$dir"
env -i PATH="$PATH" "$bin/twofoldd" 2>"$dir/first.log" &
pids+=($!)
await first.log 'msg=serving'
says first.log 'made a new keyring'
[ "$(stat -c %a twofold-data.keyring)" = 600 ] || fail "keyring mode is $(stat -c %a twofold-data.keyring)"
[ "$(stat -c %a twofold-data)" = 700 ] || fail "folder mode is $(stat -c %a twofold-data)"
env -i PATH="$PATH" "$bin/twofold" ping | grep -q . || fail "no answer to ping"

sum=$(sha256sum <twofold-data.keyring)
end "${pids[@]}"
env -i PATH="$PATH" "$bin/twofoldd" 2>"$dir/second.log" &
pids=($!)
await second.log 'msg=serving'
! grep -q 'made a new keyring' second.log || fail "the second start made another keyring"
[ "$sum" = "$(sha256sum <twofold-data.keyring)" ] || fail "the keyring changed"

#!/bin/bash
# Goal: a login that may not subscribe ends the start with a message that names the permission.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$dir/nats.conf" <<CONF
authorization { users = [ { user: svc, password: pw, permissions: {
    subscribe: [ "\$SRV.>", "_INBOX.>" ], publish: [ ">" ] } } ] }
CONF
start_nats "$dir/nats.conf"
start_service service TWOFOLD_NATS_URL="nats://127.0.0.1:$nats_port"
ended "$pid"
[ "$code" = 1 ] || fail "exit code $code for a missing login"
says "$dir/service.log" 'level=error'
stop_nats

# The URL must not carry a login, so this login is an nkey.
seed=SUAKINP3Z2BPUXWOFSW2FZC7TFJCMMU7DHKP2C62IJQUDASOCDSTDTRMJQ
public=UB57IEMPG4KOTPFV5A66QKE2HZ3XBXFHVRCCVMJEWKECMVN2HSH3VTSJ
echo $seed >"$dir/seed"
cat >"$dir/nkey.conf" <<CONF
authorization { users = [ { nkey: $public, permissions: {
    subscribe: [ "\$SRV.>", "_INBOX.>" ], publish: [ ">" ] } } ] }
CONF
nats_port=-1
start_nats "$dir/nkey.conf"
start_service refused TWOFOLD_NATS_NKEY_FILE="$dir/seed"
ended "$pid"
[ "$code" = 1 ] || fail "exit code $code"
says "$dir/refused.log" 'twofold.v1.> twofold'

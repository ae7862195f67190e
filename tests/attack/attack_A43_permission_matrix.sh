#!/bin/bash
# Goal: with each shipped configuration of the bus, every role can do what it is for and nothing else; a
# rogue subscriber of the queue group and a wildcard subscriber are refused. Prints the matrix.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

for layout in nats.conf nats-accounts.conf; do
    with_globex $layout
    start_bus $layout
    start_roles_service "service-$layout"
    "$node" "$here/bus_matrix.mjs" $layout "$bus" "$port"
    end "$pid"
    stop_nats
done

# The wall between tenants is the server's: with an import of another tenant's requests it does not start.
sed 's/subject: "twofold.v1.acme/subject: "twofold.v1.globex/' "$docker/nats-accounts.conf" >"$bus/stolen.conf"
code=0
(cd "$bus" && timeout 10 nats-server -c stolen.conf -a 127.0.0.1 -p -1 -m -1) >"$dir/stolen.log" 2>&1 || code=$?
[ $code = 1 ] || fail "a server with a stolen import ended with $code"
says "$dir/stolen.log" "not authorized"

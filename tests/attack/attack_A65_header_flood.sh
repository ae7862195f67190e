#!/bin/bash
# Goal: A65. One caller sends messages whose headers are as long as the bus takes them, all with one name
# (the client library's time grows with the square of that): every one of them is refused by the service with
# an answer, and meanwhile another caller is served within the command line's ordinary timeout.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

start_bus nats.conf
start_roles_service flooded
as acme-admin policy set mode=optional >/dev/null
"$node" "$here/bus_header_flood.mjs" nats.conf "$bus" "$port" 20 >"$dir/flood.txt" &
flood=$!
pids+=("$flood")
await "$dir/flood.txt" '^sent'
as acme-admin policy show >"$dir/other.txt" || fail "another caller was not served: $(<"$dir/other.txt")"
wait $flood
cat "$dir/flood.txt"
says "$dir/flood.txt" '20 refused'
end "$pid"
stop_nats

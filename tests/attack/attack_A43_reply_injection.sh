#!/bin/bash
# Goal: whatever subject a caller names for the answer, nothing arrives where it may not publish, and nothing
# is done in somebody else's name; a forged or doubled identity header convinces nobody. For both layouts.
# shellcheck source=tests/attack/bus_lib.sh
. "$(dirname "$0")/bus_lib.sh"

for layout in nats.conf nats-accounts.conf; do
    start_bus $layout -V
    start_roles_service "service-$layout"
    "$node" "$here/bus_injection.mjs" $layout "$bus" "$port" "$bus_log" "$dir/service-$layout.log"
    end "$pid"
    stop_nats
done

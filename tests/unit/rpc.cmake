foreach(name exchange route event_ids)
    twofold_test(unit rpc/test_${name} USES twofold_rpc)
endforeach()
twofold_test(unit rpc/test_side_pool USES twofold_rpc)

foreach(name arena bytes err log secret)
    twofold_test(unit base/test_${name} USES twofold_base)
endforeach()

twofold_test(unit base/test_event_view USES twofold_base twofold_proto)

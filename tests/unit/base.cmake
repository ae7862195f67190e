foreach(name arena bytes err log secret)
    twofold_test(unit base/test_${name} USES twofold_base)
endforeach()

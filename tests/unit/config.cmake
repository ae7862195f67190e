foreach(name check config config_print mistake)
    twofold_test(unit config/test_${name} USES twofold_config)
endforeach()

twofold_test(unit tools/test_held_ids USES twofold_tools)
twofold_test(unit tools/test_moment USES twofold_tools)
twofold_test(unit tools/test_health_judge USES twofold_tools)

# The service without a bus: every method, every refusal, every rule of DESIGN.md.
add_library(test_service STATIC support/service.c support/service_steps.c support/steps.c support/peek.c
            support/together.c support/valid.c support/broken_store.c
            support/alike.c support/by_hand.c support/contract.c support/damage.c support/factors.c
            support/stage.c support/trail.c support/checkpoints.c support/both_ways.c)
target_include_directories(test_service PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_service PUBLIC twofold_rpc PkgConfig::CMOCKA PRIVATE twofold_flags)

foreach(name IN ITEMS smoke seed_cygnet seed_radio_bridge login_outcomes token_life replay
        enrollment_rules replacement counters waiting unknown_users password_hashing password_text rendering
        contract subjects validation retry retry_limits headers
        recovery_codes clock
        audit_chain audit_types audit_checkpoints audit_recent audit_retention audit_repeats audit_fields
        audit_trouble admin_users admin_policy policy_odds admin_import import_user
        fail_closed steady_state
        batch damage every_refusal)
    twofold_test(component test_${name} USES test_service)
endforeach()

# Counts what is asked of memory.
target_link_options(test_steady_state PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc)

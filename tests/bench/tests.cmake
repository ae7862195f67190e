# What is measured. Programs are run by hand; the tests use the same instruments in short.
add_library(test_timing_pairs STATIC bench/timing_pairs.c bench/welch.c)
target_link_libraries(test_timing_pairs PUBLIC test_service m PRIVATE twofold_flags)
add_executable(timing bench/timing.c)
target_link_libraries(timing PRIVATE test_timing_pairs twofold_flags)
set_target_properties(timing PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

# What the audit trail costs (audit_overhead.sh): the load, and the same service without audit events.
add_executable(audit_load bench/audit_load.c)
target_link_libraries(audit_load PRIVATE twofold_core twofold_client twofold_proto Threads::Threads twofold_flags)
get_target_property(service_sources twofoldd SOURCES)
list(TRANSFORM service_sources PREPEND ${PROJECT_SOURCE_DIR}/service/)
get_target_property(service_libraries twofoldd LINK_LIBRARIES)
add_executable(twofoldd_unaudited ${service_sources} bench/no_audit.c)
target_compile_definitions(twofoldd_unaudited PRIVATE TWOFOLD_VERSION="${PROJECT_VERSION}")
target_link_libraries(twofoldd_unaudited PRIVATE ${service_libraries})
target_link_options(twofoldd_unaudited PRIVATE -Wl,--wrap=audit_append)
set_target_properties(audit_load twofoldd_unaudited PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
# Whether it runs, not how fast.
add_test(NAME bench.audit_overhead
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/audit_overhead.sh --rounds 1 --ms 500 --users 30000)
set_tests_properties(bench.audit_overhead PROPERTIES
    TIMEOUT 300 LABELS bench ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin")

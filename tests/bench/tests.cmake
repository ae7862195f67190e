# What is measured. Programs are run by hand, or by bench.mjs; the tests use the same instruments in short.
add_library(test_timing_pairs STATIC bench/timing_pairs.c bench/welch.c)
target_link_libraries(test_timing_pairs PUBLIC test_service m PRIVATE twofold_flags)
add_executable(timing bench/timing.c)
target_link_libraries(timing PRIVATE test_timing_pairs twofold_flags)
set_target_properties(timing PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

# What the audit trail costs (audit_overhead.sh): the load, and the same service without audit events.
add_executable(audit_load bench/audit_load.c)
target_link_libraries(audit_load PRIVATE twofold_core twofold_client twofold_proto Threads::Threads twofold_flags)
# Password hashes beside verifications.
add_executable(login_load bench/login_load.c)
target_link_libraries(login_load PRIVATE twofold_client twofold_proto Threads::Threads twofold_flags)
set_target_properties(login_load PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
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

include(${CMAKE_CURRENT_LIST_DIR}/peers/peers.cmake)

# The bench (bench.mjs): the load, the ceiling, and a service without syncs or with a fast clock.
add_library(bench_load STATIC bench/aim.c bench/histogram.c bench/request.c bench/run.c bench/verdict.c bench/wire.c)
target_include_directories(bench_load PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(bench_load PUBLIC twofold_core twofold_proto PRIVATE twofold_flags)
add_executable(load bench/load.c)
add_executable(first bench/first.c)
target_link_libraries(load PRIVATE bench_load twofold_flags)
target_link_libraries(first PRIVATE bench_load twofold_flags)
twofold_test(bench test_load USES bench_load)
add_executable(settle bench/settle.c)
target_link_libraries(settle PRIVATE twofold_store twofold_flags)
add_executable(bench_echo bench/echo.c)
target_link_libraries(bench_echo PRIVATE PkgConfig::NATS twofold_flags)
add_executable(enroll_load bench/enroll_load.c)
target_link_libraries(enroll_load PRIVATE twofold_core twofold_client twofold_proto Threads::Threads twofold_flags)
target_compile_options(enroll_load PRIVATE -Wno-cast-qual)
add_executable(twofoldd_lab ${service_sources} bench/lab.c)
target_compile_definitions(twofoldd_lab PRIVATE TWOFOLD_VERSION="${PROJECT_VERSION}")
target_link_libraries(twofoldd_lab PRIVATE ${service_libraries})
target_link_options(twofoldd_lab PRIVATE -Wl,--wrap=store_lmdb_open -Wl,--wrap=clock_system)
set_target_properties(load first settle bench_echo enroll_load twofoldd_lab PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
add_custom_target(bench_programs
    DEPENDS twofoldd twofold rotate_load load first settle bench_echo enroll_load login_load
            twofoldd_lab)
# Whether all of it runs and every row gets its number, not how fast.
find_program(TWOFOLD_NODE node DOC "Node.js, for the end-to-end tests")
add_test(NAME bench.short COMMAND ${TWOFOLD_NODE} ${CMAKE_CURRENT_LIST_DIR}/bench_short.mjs ${CMAKE_BINARY_DIR})
set_tests_properties(bench.short PROPERTIES
    TIMEOUT 600 LABELS bench FIXTURES_REQUIRED bench_peers)

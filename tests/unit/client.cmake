include(support/nats_server.cmake)

# A responder on the bus, and the command-line tool as a child process.
add_library(twofold_test_client STATIC unit/client/peer.c unit/client/run_cli.c
    unit/client/script.c unit/client/stream.c unit/client/trail_bench.c)
target_include_directories(twofold_test_client PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                                      ${PROJECT_SOURCE_DIR}/client/lib)
target_link_libraries(twofold_test_client
    PUBLIC twofold_client twofold_test_nats_server PkgConfig::NATS PkgConfig::CMOCKA
    PRIVATE twofold_flags)

# protobuf-c's messages want char *; these tests fill them with literals, and its own initialisers
# cast const away.
file(GLOB client_sources RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/unit/client/*.c)
set_source_files_properties(${client_sources} PROPERTIES
    COMPILE_OPTIONS "-Wno-write-strings;-Wno-cast-qual")

twofold_test(unit client/test_client_subject USES twofold_test_client)
twofold_test(unit client/test_client_error USES twofold_test_client)
twofold_test(unit client/test_client_message USES twofold_test_client)
target_link_options(test_client_message PRIVATE -Wl,--wrap=protobuf_c_message_free_unpacked)
twofold_test(unit client/test_client_nkey USES twofold_test_client)
twofold_test(unit client/test_client_calls USES twofold_test_client)
twofold_test(unit client/test_client_connect USES twofold_test_client)
twofold_test(unit client/test_client_memory USES twofold_test_client)
target_link_options(test_client_memory PRIVATE -Wl,--wrap=calloc)
twofold_test(unit client/test_client_call USES twofold_test_client)
twofold_test(unit client/test_client_tries USES twofold_test_client)
twofold_test(unit client/test_client_service USES twofold_test_client)
twofold_test(unit client/test_client_async USES twofold_test_client)
twofold_test(unit client/test_client_watch USES twofold_test_client)
twofold_test(unit client/test_client_trail USES twofold_test_client)
twofold_test(unit client/test_client_trail_restarts USES twofold_test_client)
twofold_test(unit client/test_client_trail_readers USES twofold_test_client)
twofold_test(unit client/test_client_jetstream USES twofold_test_client)

twofold_test(unit client/test_cli_args USES twofold_cli)
twofold_test(unit client/test_cli_json USES twofold_cli)
twofold_test(unit client/test_cli_since USES twofold_cli)
twofold_test(unit client/test_cli_text USES twofold_cli)
twofold_test(unit client/test_cli_qr USES twofold_cli)
twofold_test(unit client/test_lines USES twofold_cli)
twofold_test(unit client/test_import_line USES twofold_cli)
twofold_test(unit client/test_seed_mistakes USES twofold_cli)
twofold_test(unit client/test_seed_plan USES twofold_cli twofold_core)
twofold_test(unit client/test_cli_prompt USES twofold_test_client)
twofold_test(unit client/test_cli_exit USES twofold_test_client)
twofold_test(unit client/test_cli_flows USES twofold_test_client)
twofold_test(unit client/test_cli_policy USES twofold_test_client)
twofold_test(unit client/test_cli_enroll USES twofold_test_client)
twofold_test(unit client/test_cli_bus USES twofold_test_client)
twofold_test(unit client/test_cli_trail USES twofold_test_client PkgConfig::JANSSON)
twofold_test(unit client/test_cli_import USES twofold_test_client)
add_dependencies(test_cli_import twofold)
twofold_test(unit client/test_cli_seed USES twofold_test_client)
add_dependencies(test_cli_seed twofold)
add_dependencies(test_cli_prompt twofold)
add_dependencies(test_cli_exit twofold)
add_dependencies(test_cli_flows twofold)
add_dependencies(test_cli_policy twofold)
add_dependencies(test_cli_enroll twofold)
add_dependencies(test_cli_bus twofold)
add_dependencies(test_cli_trail twofold)

# Installs what is built and compiles a program of a stranger against it.
twofold_test(unit client/test_client_install USES twofold_test_client)
add_dependencies(test_client_install twofold twofold_client twofold_client_shared)
target_compile_definitions(test_client_install PRIVATE
    BUILD_FOLDER="${CMAKE_BINARY_DIR}" C_COMPILER="${CMAKE_C_COMPILER}"
    LIBRARY_FOLDER="${CMAKE_INSTALL_LIBDIR}")

# Is a trail whole? Trails made by hand, and everything that can be done to them.
add_library(twofold_test_made_trail STATIC unit/client/made_trail.c unit/client/checked.c)
target_include_directories(twofold_test_made_trail PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                                          ${CMAKE_CURRENT_SOURCE_DIR}/unit/client)
target_link_libraries(twofold_test_made_trail
    PUBLIC twofold_cli PkgConfig::CMOCKA PRIVATE PkgConfig::CRYPTO twofold_flags)
twofold_test(unit client/test_audit_check USES twofold_test_made_trail)
twofold_test(unit client/test_audit_check_attacks USES twofold_test_made_trail)
twofold_test(unit client/test_audit_check_late USES twofold_test_made_trail)
twofold_test(unit client/test_audit_check_newest USES twofold_test_made_trail)
twofold_test(unit client/test_audit_check_random USES twofold_test_made_trail)
twofold_test(unit client/test_audit_check_size USES twofold_test_made_trail)
# Who answers for the service.
twofold_test(unit client/test_cli_answers USES twofold_test_client twofold_test_made_trail PkgConfig::CRYPTO)
add_dependencies(test_cli_answers twofold)

# Callers for rigs whose parts are killed: links what is installed, the client library, and nothing else of ours.
add_executable(rig_load rig/load.c rig/ask.c rig/code.c rig/options.c rig/people.c rig/tally.c rig/worker.c)
target_link_libraries(rig_load PRIVATE twofold_client PkgConfig::CRYPTO Threads::Threads twofold_flags)
set_target_properties(rig_load PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# What docker/README.md tells developers, a language each; js fetches the packages that the e2e tests use.
foreach(language IN ITEMS js python go java)
    add_test(NAME rig.examples.${language} COMMAND ${CMAKE_CURRENT_LIST_DIR}/examples.sh ${language})
    set_tests_properties(rig.examples.${language} PROPERTIES
        TIMEOUT 300 LABELS e2e SKIP_RETURN_CODE 77 FIXTURES_REQUIRED e2e_node_packages
        ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()

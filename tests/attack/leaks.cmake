# What is left lying around: logs, events, files, memory; and times that tell.

# The hunts stand beside the foreign client that they use, in the copy of node.cmake.
find_program(TWOFOLD_NODE node DOC "Node.js, for the end-to-end tests")
set(leaks_copy ${CMAKE_BINARY_DIR}/e2e)
add_test(NAME attack.leaks_install
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_CURRENT_LIST_DIR} -DCOPY=${leaks_copy}/tests/attack
            -P ${CMAKE_CURRENT_LIST_DIR}/leaks_install.cmake)
set_tests_properties(attack.leaks_install PROPERTIES
    TIMEOUT 60 LABELS attack FIXTURES_SETUP attack_leaks FIXTURES_REQUIRED e2e_node_packages)

foreach(name
        attack_A50_pictures_hold_no_text
        attack_A54_nothing_secret_is_left_behind
        attack_A72_fields_stay_apart)
    add_test(NAME attack.${name}
        COMMAND ${TWOFOLD_NODE} ${leaks_copy}/tests/attack/${name}.mjs)
    set_tests_properties(attack.${name} PROPERTIES
        TIMEOUT 300 LABELS attack FIXTURES_REQUIRED "e2e_node_packages;attack_leaks"
        ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin;TEST_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()

# attack_A54 takes a core limit that a process cannot lower.
add_library(leaks_keep_limit MODULE attack/leaks_keep_limit.c)
target_compile_definitions(leaks_keep_limit PRIVATE _GNU_SOURCE)
target_link_libraries(leaks_keep_limit PRIVATE twofold_warnings)
set_target_properties(leaks_keep_limit PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests PREFIX "")

# Times that tell.
twofold_test(attack test_timing USES test_timing_pairs)
twofold_test(attack test_unknown_cost USES test_service)
target_link_options(test_unknown_cost PRIVATE -Wl,--wrap=aead_seal -Wl,--wrap=aead_open
                    -Wl,--wrap=row_encode -Wl,--wrap=row_decode)

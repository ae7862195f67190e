# One test or more for every row of the corpus (README.md); a row's id is in the test's name.

# A scenario of a shell: attack_A43_....sh beside this file, run as attack.<name>.
function(twofold_attack_script name)
    cmake_parse_arguments(arg "" "TIMEOUT" "" ${ARGN})
    add_test(NAME attack.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/attack/${name}.sh)
    set_tests_properties(attack.${name} PROPERTIES
        TIMEOUT 300 LABELS attack
        ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin;TEST_SOURCE=${PROJECT_SOURCE_DIR}")
    if(arg_TIMEOUT)
        set_tests_properties(attack.${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    endif()
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/rules.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/processes.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/keys.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/bus.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/process.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/leaks.cmake)

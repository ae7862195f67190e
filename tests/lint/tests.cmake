# The lints that need no other build; the same scripts as .ci/lint runs.
file(GLOB lints CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.sh)
foreach(script IN LISTS lints)
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME lint.${name} COMMAND ${script})
    set_tests_properties(lint.${name} PROPERTIES
        TIMEOUT 120 LABELS lint SKIP_RETURN_CODE 77)
endforeach()

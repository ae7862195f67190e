# The numbered scenarios; each states its goal first. They run the binaries of this build.
file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/[0-9]*.sh)
foreach(script IN LISTS scenarios)
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME e2e.shell.${name} COMMAND ${script})
    set_tests_properties(e2e.shell.${name} PROPERTIES
        TIMEOUT 300 LABELS e2e SKIP_RETURN_CODE 77 ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()

# One test a file: e2e.node.<file>. They run in a copy below the build folder, where the packages are.
find_program(TWOFOLD_NODE node DOC "Node.js, for the end-to-end tests")
set(copy ${CMAKE_BINARY_DIR}/e2e)

add_test(NAME e2e.node.install
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DCOPY=${copy}
            -P ${CMAKE_CURRENT_LIST_DIR}/install.cmake)
set_tests_properties(e2e.node.install PROPERTIES
    TIMEOUT 300 LABELS e2e FIXTURES_SETUP e2e_node_packages)

file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test/*.test.mjs)
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    add_test(NAME e2e.node.${name}
        COMMAND ${TWOFOLD_NODE} ${copy}/tests/e2e/node/test/${name}.test.mjs)
    set_tests_properties(e2e.node.${name} PROPERTIES
        TIMEOUT 300 LABELS e2e FIXTURES_REQUIRED e2e_node_packages
        ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin;TEST_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()

# Makes proto/asyncapi.yaml anew, from the contract: e2e.node.asyncapi fails when it is not what that gives.
add_custom_target(asyncapi
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DCOPY=${copy}
            -P ${CMAKE_CURRENT_LIST_DIR}/install.cmake
    COMMAND ${TWOFOLD_NODE} ${copy}/proto/asyncapi/generate.mjs ${PROJECT_SOURCE_DIR}
    COMMENT "proto/asyncapi.yaml" VERBATIM)

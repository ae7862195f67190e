# cmake -DSOURCE=<checkout> -DCOPY=<folder> -P install.cmake
# Copies the client, the examples and the tests, and fetches the packages of the lock file unless they are there:
# node_modules/ never lies in the source tree, and a second run needs no network.
cmake_minimum_required(VERSION 3.25)
find_program(npm npm REQUIRED)
set(client ${COPY}/tests/e2e/node)
set(stamp ${client}/node_modules/.installed)

file(COPY ${SOURCE}/proto DESTINATION ${COPY})
file(COPY ${SOURCE}/client/examples DESTINATION ${COPY}/client)
file(COPY ${SOURCE}/tests/e2e/node DESTINATION ${COPY}/tests/e2e PATTERN node_modules EXCLUDE)
file(SHA256 ${client}/package-lock.json wanted)
set(installed "")
if(EXISTS ${stamp})
    file(READ ${stamp} installed)
endif()
if(NOT installed STREQUAL wanted)
    execute_process(COMMAND ${npm} ci --no-audit --no-fund
        WORKING_DIRECTORY ${client} COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE ${stamp} ${wanted})
endif()
# For what is not below the client: the examples, and what makes proto/asyncapi.yaml.
file(CREATE_LINK ${client}/node_modules ${COPY}/node_modules SYMBOLIC)

# cmake -DSOURCE=<checkout> -DCOPY=<folder> [-DSQLITE=ON] -P install.cmake
# Copies the peer, its contract and its tests, and fetches the packages of the lock file unless they are there. Where
# nobody has built better-sqlite3 for this Node it is compiled, which takes a minute: only with SQLITE.
#
#     node <COPY>/tests/bench/peers/node/peer.mjs --store lmdb|sqlite URL DATA_DIR USERS
cmake_minimum_required(VERSION 3.25)
find_program(npm npm REQUIRED)
set(stamp ${COPY}/node_modules/.installed)
# Headers of Debian's Node and of others that were installed as packages; without them node-gyp looks for its own.
if(EXISTS /usr/include/node/node.h)
    set(ENV{npm_config_nodedir} /usr)
endif()

file(LOCK ${COPY}/lock GUARD PROCESS TIMEOUT 280) # ctest and the bench may both want it
file(COPY ${SOURCE}/proto DESTINATION ${COPY})
file(COPY ${SOURCE}/tests/e2e/node/lib ${SOURCE}/tests/e2e/node/support DESTINATION ${COPY}/tests/e2e/node)
file(COPY ${SOURCE}/tests/bench/peers DESTINATION ${COPY}/tests/bench PATTERN node_modules EXCLUDE)
foreach(name package.json package-lock.json .npmrc)
    file(COPY ${SOURCE}/tests/bench/peers/node/${name} DESTINATION ${COPY})
endforeach()
file(SHA256 ${COPY}/package-lock.json wanted)
set(installed "")
if(EXISTS ${stamp})
    file(READ ${stamp} installed)
endif()
if(NOT installed STREQUAL wanted)
    execute_process(COMMAND ${npm} ci --ignore-scripts --no-audit --no-fund
        WORKING_DIRECTORY ${COPY} COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE ${stamp} ${wanted})
endif()
if(SQLITE AND NOT EXISTS ${COPY}/node_modules/better-sqlite3/build/Release/better_sqlite3.node)
    execute_process(COMMAND ${npm} rebuild better-sqlite3
        WORKING_DIRECTORY ${COPY} COMMAND_ERROR_IS_FATAL ANY)
endif()

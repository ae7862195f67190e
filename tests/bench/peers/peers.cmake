# The peers of the bench do the work that they are measured for. The bench gets what they need into the same folders,
# with the compiled half of the one on SQLite, which is tested where that was made before.
if(TWOFOLD_SANITIZE)
    return()
endif()
find_program(TWOFOLD_NODE node DOC "Node.js, for the end-to-end tests")
set(copy ${CMAKE_BINARY_DIR}/bench/node)
set(go ${CMAKE_BINARY_DIR}/bench/go)
set(node ${TWOFOLD_NODE} ${copy}/tests/bench/peers/node/peer.mjs --store)
add_test(NAME bench.peers.install
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DCOPY=${copy} -P ${CMAKE_CURRENT_LIST_DIR}/node/install.cmake)
add_test(NAME bench.peers.build_go COMMAND ${CMAKE_CURRENT_LIST_DIR}/go/build.sh ${PROJECT_SOURCE_DIR} ${go})
set_tests_properties(bench.peers.install bench.peers.build_go PROPERTIES
    TIMEOUT 300 LABELS bench SKIP_RETURN_CODE 77 FIXTURES_SETUP bench_peers)
# name, what must be there, and the peer
function(twofold_peer_test name needed)
    add_test(NAME bench.peers.${name}
        COMMAND ${TWOFOLD_NODE} ${copy}/tests/bench/peers/test/peer.test.mjs ${needed} ${ARGN})
    set_tests_properties(bench.peers.${name} PROPERTIES
        TIMEOUT 120 LABELS bench SKIP_RETURN_CODE 77 FIXTURES_REQUIRED bench_peers)
endfunction()
twofold_peer_test(node_lmdb ${copy}/node_modules/lmdb ${node} lmdb)
twofold_peer_test(node_sqlite ${copy}/node_modules/better-sqlite3/build/Release/better_sqlite3.node ${node} sqlite)
twofold_peer_test(go ${go}/peer ${go}/peer)

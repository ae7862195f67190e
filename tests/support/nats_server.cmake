# A real nats-server for tests: support/nats_server.h.
include_guard()
add_library(twofold_test_nats_server STATIC support/nats_server.c)
target_include_directories(twofold_test_nats_server PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(twofold_test_nats_server PUBLIC PkgConfig::CMOCKA PRIVATE twofold_flags)

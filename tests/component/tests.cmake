# The service without a bus: every method, every refusal, every rule of DESIGN.md.
add_library(test_service STATIC support/service.c)
target_include_directories(test_service PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_service PUBLIC twofold_rpc PkgConfig::CMOCKA PRIVATE twofold_flags)

foreach(name IN ITEMS smoke)
    twofold_test(component test_${name} USES test_service)
endforeach()

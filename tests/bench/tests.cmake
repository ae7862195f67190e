# What is measured. Programs are run by hand; the tests use the same instruments in short.
add_library(test_timing_pairs STATIC bench/timing_pairs.c bench/welch.c)
target_link_libraries(test_timing_pairs PUBLIC test_service m PRIVATE twofold_flags)
add_executable(timing bench/timing.c)
target_link_libraries(timing PRIVATE test_timing_pairs twofold_flags)
set_target_properties(timing PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

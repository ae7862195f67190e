# What a process that was taken over could do, and what keeps it from being taken over. Where a build or
# a machine has nothing to show, the scripts end with 77.
twofold_test(attack process_confined
    SOURCES attack/process_acts.c attack/process_acts_kernel.c
    USES twofold_confine twofold_store)

# What systemd would do to the calls of a program.
add_executable(process_filter ${CMAKE_CURRENT_LIST_DIR}/process_filter.c)
target_link_libraries(process_filter PRIVATE PkgConfig::SECCOMP twofold_flags)
set_target_properties(process_filter PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

foreach(script P04_confined_service P05_hardened_binaries P06_systemd_unit P07_under_the_unit)
    twofold_attack_script(attack_${script})
    set_tests_properties(attack.attack_${script} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

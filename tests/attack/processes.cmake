# Attacks that need several processes, a killed one, a full disk or a jumped clock.
foreach(name IN ITEMS ask audit)
    add_executable(processes_${name} attack/processes_${name}.c)
    target_link_libraries(processes_${name} PRIVATE twofold_client PkgConfig::NATS PkgConfig::CRYPTO
                                                    twofold_flags)
    # protobuf-c's own initialisers cast const away.
    target_compile_options(processes_${name} PRIVATE -Wno-cast-qual)
    set_target_properties(processes_${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endforeach()

# LD_PRELOAD and the sanitizers exclude each other: these scripts skip then.
if(NOT TWOFOLD_SANITIZE)
    add_library(processes_fault MODULE attack/processes_fault.c)
    target_link_libraries(processes_fault PRIVATE twofold_flags ${CMAKE_DL_LIBS})
    target_compile_options(processes_fault PRIVATE -Wno-missing-prototypes)
    set_target_properties(processes_fault PROPERTIES
        PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()

foreach(name IN ITEMS
        A04_parallel_one_code A08_parallel_wrong_codes A11_kill_after_wrong_code
        A20_parallel_recovery_code A25_kill_between_code_and_reply A45_clock_jumps A64_lost_reply
        A65_publish_flood A66_hash_flood A67_full_disk A67_full_map A68_sync_error
        A69_killed_writer A69_stuck_reader A70_lost_audit_events)
    twofold_attack_script(attack_${name})
    set_tests_properties(attack.attack_${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# Keys, backups, and databases that somebody changed.
foreach(name IN ITEMS restored restoring)
    twofold_test(attack test_${name} SOURCES attack/restored_ground.c USES test_service twofold_tools)
endforeach()

add_executable(rotate_load attack/rotate_load.c)
target_link_libraries(rotate_load PRIVATE twofold_store twofold_client twofold_proto Threads::Threads
                                          twofold_flags)
set_target_properties(rotate_load PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
twofold_attack_script(attack_A45_keys_rotate_under_load TIMEOUT 600)
twofold_attack_script(attack_A57_restore_an_old_backup)

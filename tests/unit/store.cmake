set(store_support unit/store/fixture.c unit/store/one_place.c unit/store/samples.c)
foreach(module folder org_cache record record_damage record_repeats retries store_failures store_full store_lmdb store_old store_open
        store_tables)
    twofold_test(unit store/test_${module} SOURCES ${store_support} USES twofold_store)
endforeach()
twofold_test(unit store/test_overlay USES twofold_store)
twofold_test(unit store/test_store
    SOURCES ${store_support} unit/store/store_contract.c unit/store/store_contract_events.c
            unit/store/store_contract_marks.c unit/store/store_contract_proof.c unit/store/store_contract_repeats.c
    USES twofold_store)
twofold_test(unit store/test_store_processes
    SOURCES ${store_support} unit/store/child.c
    USES twofold_store)
twofold_test(unit store/test_backup
    SOURCES ${store_support} unit/store/child.c
    USES twofold_store)
foreach(module maintain keys_followed)
    twofold_test(unit store/test_${module}
        SOURCES unit/store/fixture.c unit/store/samples.c unit/store/rotated.c USES twofold_store)
endforeach()
twofold_test(unit store/test_tables_model SOURCES unit/store/small_tables.c USES twofold_store)
twofold_test(unit store/test_tables_crash SOURCES unit/store/failing_disk.c unit/store/small_tables.c USES twofold_store)
twofold_test(unit store/test_tables_crowd SOURCES unit/store/containers.c unit/store/small_tables.c USES twofold_store Threads::Threads)
twofold_test(unit store/test_tables_views SOURCES unit/store/small_tables.c unit/store/turns.c USES twofold_store Threads::Threads)
target_link_options(test_tables_views PRIVATE -Wl,--wrap=tables_stop_folding)
twofold_test(unit store/test_tree_lock SOURCES unit/store/containers.c unit/store/turns.c USES twofold_store Threads::Threads)
foreach(call env_open env_close reader_check txn_begin env_copyfd2)
    target_link_options(test_tree_lock PRIVATE -Wl,--wrap=mdb_${call})
endforeach()
twofold_test(unit store/test_tree_pid USES twofold_store Threads::Threads)
# An LMDB that does not ask for getpid().
target_link_options(test_tree_pid PRIVATE -Wl,--wrap=mdb_env_create)

set(store_support unit/store/fixture.c unit/store/one_place.c unit/store/samples.c)
foreach(module folder org_cache record record_damage record_repeats retries store_failures store_full store_lmdb store_old store_open
        store_tables)
    twofold_test(unit store/test_${module} SOURCES ${store_support} USES twofold_store)
endforeach()
twofold_test(unit store/test_overlay USES twofold_store)
twofold_test(unit store/test_store
    SOURCES ${store_support} unit/store/store_contract.c unit/store/store_contract_events.c
            unit/store/store_contract_marks.c unit/store/store_contract_repeats.c
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
twofold_test(unit store/test_tables_crowd SOURCES unit/store/small_tables.c USES twofold_store Threads::Threads)

# The external ledger: what the service promised, kept by a process that nobody kills, against the audit
# trail. The tests are short; chaos.sh --kills 20 is the long form.
add_executable(ledger ledger/asking.c ledger/book.c ledger/codes.c ledger/ledger.c ledger/moves_change.c
                      ledger/moves_verify.c ledger/player.c)
target_include_directories(ledger PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(ledger PRIVATE twofold_core twofold_client twofold_proto Threads::Threads twofold_flags)
# protobuf-c's own initialisers cast const away.
target_compile_options(ledger PRIVATE -Wno-cast-qual)
add_executable(bus_ask ledger/bus_ask.c)
target_link_libraries(bus_ask PRIVATE PkgConfig::NATS twofold_flags)
add_executable(unreadable_event ledger/unreadable_event.c)
target_link_libraries(unreadable_event PRIVATE twofold_store twofold_flags)
set_target_properties(ledger bus_ask unreadable_event PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

foreach(name IN ITEMS chaos aggregated)
    add_test(NAME ledger.${name} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${name}.sh)
    set_tests_properties(ledger.${name} PROPERTIES
        TIMEOUT 300 LABELS ledger ENVIRONMENT "TEST_BIN=${CMAKE_BINARY_DIR}/bin")
endforeach()

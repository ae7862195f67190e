include(support/nats_server.cmake)

twofold_test(unit audit/test_cloudevent USES twofold_audit)
twofold_test(unit audit/test_publisher USES twofold_audit twofold_test_nats_server)
twofold_test(unit audit/test_publisher_loss USES twofold_audit twofold_test_nats_server)

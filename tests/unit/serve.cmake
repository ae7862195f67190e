# The loop's own parts lie beside app.c, in no library.
set(serve ${PROJECT_SOURCE_DIR}/service)
twofold_test(unit serve/test_exchange_ring SOURCES ${serve}/exchange_ring.c USES test_service)
twofold_test(unit serve/test_intake SOURCES ${serve}/intake.c ${serve}/exchange_ring.c
             USES test_service twofold_transport twofold_test_nats_server)

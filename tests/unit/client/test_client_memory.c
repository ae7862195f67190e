/* When memory is short the caller is told so, and nothing else: not that the bus is down. */
#include "support/nats_server.h"
#include "support/runner.h"

#include <twofold/client.h>

static int allocations_left = -1; /* of this library; -1: no end */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return __real_calloc(n, size);
}

static void on_event(const ProtobufCMessage *event, const struct twofold_error *error, void *ctx)
{
    (void)event;
    (void)error;
    (void)ctx;
}

static void connecting_without_memory_is_exhausted(void **state)
{
    struct nats_server server = nats_server_start(NULL);
    struct twofold_client_options options = {.url = server.url};
    struct twofold_client *client = NULL;
    struct twofold_error error;
    int failed = 0;

    (void)state;
    for (int n = 0; n < 20 && !client; n++) {
        allocations_left = n;
        if (twofold_client_connect(&options, &client, &error) == TWOFOLD_OK)
            break;
        assert_int_equal(error.status, TWOFOLD_EXHAUSTED);
        failed++;
    }
    allocations_left = -1;
    assert_non_null(client);
    assert_true(failed >= 3); /* client, table, connection, subscription */
    twofold_client_close(client);
    nats_server_stop(&server);
}

static void watching_without_memory_is_exhausted(void **state)
{
    struct nats_server server = nats_server_start(NULL);
    struct twofold_client_options options = {.url = server.url};
    struct twofold_callback each = {.call = on_event};
    struct twofold_client *client;
    struct twofold_watch *watch = NULL;
    struct twofold_error error;

    (void)state;
    assert_int_equal(twofold_client_connect(&options, &client, &error), TWOFOLD_OK);
    for (allocations_left = 0; allocations_left < 2; allocations_left++) {
        int n = allocations_left;

        assert_int_equal(twofold_watch_open(client, NULL, each, &watch, &error), TWOFOLD_EXHAUSTED);
        allocations_left = n;
    }
    allocations_left = -1;
    assert_null(watch);
    twofold_client_close(client);
    nats_server_stop(&server);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(connecting_without_memory_is_exhausted),
    cmocka_unit_test(watching_without_memory_is_exhausted),
};

RUN(tests)

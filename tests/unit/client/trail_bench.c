#include "unit/client/trail_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct twofold_client *bench_connect(const char *url, const char *org)
{
    struct twofold_client_options options = {.url = url, .org = org, .timeout_ms = 10000};
    struct twofold_client *client = NULL;
    struct twofold_error error;

    if (twofold_client_connect(&options, &client, &error) != TWOFOLD_OK)
        fail_msg("%s", error.message);
    return client;
}

int bench_set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    b->server = nats_server_start(NATS_SERVER_JETSTREAM);
    b->stream = stream_make(b->server.url);
    b->client = bench_connect(b->server.url, "acme");
    *state = b;
    return 0;
}

int bench_tear_down(void **state)
{
    struct bench *b = *state;

    twofold_client_close(b->client);
    stream_free(b->stream);
    nats_server_stop(&b->server);
    free(b);
    return 0;
}

struct twofold_trail *open_trail(struct bench *b, struct twofold_trail_options options)
{
    struct twofold_trail *trail = NULL;

    if (twofold_trail_open(b->client, &options, &trail, &b->error) != TWOFOLD_OK)
        fail_msg("%s", b->error.message);
    return trail;
}

void assert_next(struct bench *b, struct twofold_trail *trail, unsigned n)
{
    struct twofold_trail_message m;
    char user[32];

    if (twofold_trail_next(trail, WAIT_MS, &m, &b->error) != TWOFOLD_OK)
        fail_msg("waiting for %u: %s", n, b->error.message);
    snprintf(user, sizeof user, "u%u", n);
    assert_non_null(m.event);
    assert_null(m.fault);
    assert_string_equal(m.event->username, user);
}

void assert_no_more(struct bench *b, struct twofold_trail *trail)
{
    struct twofold_trail_message m;

    assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_TIMEOUT);
}

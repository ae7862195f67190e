/*
 * Servers that do what a real one does only at the worst of moments. They are played by the test:
 * a listening socket, and the few words of the protocol that a client waits for.
 */
#include "bus_desk.h"

#include <arpa/inet.h>
#include <poll.h>

struct stage {
    int listens, peer;
    char url[64];
    char heard[64 * 1024]; /* since the connection was made */
    size_t n_heard;
};

static struct stage stage_open(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct stage s = {.listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .peer = -1};
    socklen_t n = sizeof at;

    assert_int_equal(bind(s.listens, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s.listens, 4), 0);
    assert_int_equal(getsockname(s.listens, (struct sockaddr *)&at, &n), 0);
    snprintf(s.url, sizeof s.url, "nats://127.0.0.1:%d", ntohs(at.sin_port));
    return s;
}

static void wait_readable(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&at, 1, LONG_MS), 1);
}

static void say(struct stage *s, const char *text)
{
    assert_int_equal(write(s->peer, text, strlen(text)), strlen(text));
}

/* Until TEXT was heard; what comes before it is forgotten. */
static void hear(struct stage *s, const char *text)
{
    char *found;

    while (!(found = strstr(s->heard, text))) {
        ssize_t n;

        wait_readable(s->peer);
        n = read(s->peer, s->heard + s->n_heard, sizeof s->heard - s->n_heard - 1);
        assert_true(n > 0);
        s->n_heard += (size_t)n;
        s->heard[s->n_heard] = '\0';
    }
    found += strlen(text);
    s->n_heard -= (size_t)(found - s->heard);
    memmove(s->heard, found, s->n_heard + 1);
}

static void greet(struct stage *s)
{
    wait_readable(s->listens);
    s->peer = accept(s->listens, NULL, NULL);
    s->n_heard = 0;
    s->heard[0] = '\0';
    say(s, "INFO {\"server_id\":\"X\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,"
           "\"max_payload\":1048576}\r\n");
    hear(s, "PING\r\n");
    say(s, "PONG\r\n");
}

static void *greet_twice(void *stage) /* the connection, and the check of the subscription */
{
    greet(stage);
    hear(stage, "PING\r\n");
    say(stage, "PONG\r\n");
    return NULL;
}

static struct bus *play(struct stage *s, struct desk *desk)
{
    struct bus *bus;
    pthread_t server;

    pthread_create(&server, NULL, greet_twice, s);
    bus = open_bus(s->url);
    serve(desk, bus, "twofold.v1.>");
    pthread_join(server, NULL);
    return bus;
}

static void stage_close(struct stage *s)
{
    close(s->peer);
    close(s->listens);
}

/* The library goes on parsing where the old connection ended: it took the beginning of the next one
 * for the rest of the message. */
static void a_message_cut_in_half_does_not_spoil_the_next_connection(void **state)
{
    struct stage s = stage_open();
    struct desk desk = {0};
    struct bus *bus = play(&s, &desk);

    (void)state;
    say(&s, "MSG twofold.v1.acme.a.b 1 _INBOX.x 5\r\nfirst\r\n"
            "MSG twofold.v1.acme.a.b 1 _INBOX.x 90\r\nhalf");
    wait_for(&desk, 1);
    close(s.peer);
    greet(&s);
    hear(&s, "SUB twofold.v1.> twofold 1\r\n");
    say(&s, "MSG twofold.v1.acme.a.b 1 _INBOX.x 6\r\nsecond\r\n");
    wait_for(&desk, 2);
    assert_int_equal(desk.kept[1].n_payload, 6);
    assert_memory_equal(desk.kept[1].payload, "second", 6);
    assert_true(bus_connected(bus));
    assert_int_equal(bus_renewals(bus), 1);
    bus_close(bus);
    stage_close(&s);
}

/* It is given up, and what it was to be told is bounded. */
static void a_server_that_reads_no_more_is_given_up(void **state)
{
    static const uint8_t block[256 * 1024];
    struct stage s = stage_open();
    struct desk desk = {0};
    struct bus *bus = play(&s, &desk);
    struct pollfd next = {.fd = s.listens, .events = POLLIN};
    enum err err = ERR_OK;
    size_t blocks = 0;

    (void)state;
    for (int tries = 0; tries < 4000 && err == ERR_OK; tries++) {
        err = bus_publish(bus, "_INBOX.x", NULL, 0, (struct bytes){block, sizeof block});
        blocks++;
        usleep(1000);
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
    assert_in_range(blocks, 16 * 4, 64 * 4); /* 16 MiB, and what the kernel holds */
    assert_int_equal(poll(&next, 1, 2 * LONG_MS), 1);
    close(s.peer);
    greet(&s);
    hear(&s, "SUB twofold.v1.> twofold 1\r\n");
    wait_connected(bus, true);
    assert_int_equal(bus_publish(bus, "_INBOX.x", NULL, 0, bytes_of_text("again")), ERR_OK);
    hear(&s, "PUB _INBOX.x 5\r\nagain\r\n");
    bus_close(bus);
    stage_close(&s);
}

/* A reply that the socket cannot take at once is sent in parts, whole. */
static void what_does_not_fit_at_once_is_sent_in_parts(void **state)
{
    static uint8_t block[512 * 1024];
    struct stage s = stage_open();
    struct desk desk = {0};
    struct bus *bus = play(&s, &desk);
    size_t got = 0, all = 0;
    char part[64 * 1024];

    (void)state;
    memset(block, 'b', sizeof block);
    for (int i = 0; i < 16; i++, all += sizeof block)
        assert_int_equal(bus_publish(bus, "_INBOX.x", NULL, 0, (struct bytes){block, sizeof block}),
                         ERR_OK);
    while (got < all) {
        ssize_t n;

        wait_readable(s.peer);
        n = read(s.peer, part, sizeof part);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            got += part[i] == 'b';
    }
    assert_int_equal(got, all);
    assert_int_equal(bus_renewals(bus), 0);
    bus_close(bus);
    stage_close(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_message_cut_in_half_does_not_spoil_the_next_connection),
    cmocka_unit_test(a_server_that_reads_no_more_is_given_up),
    cmocka_unit_test(what_does_not_fit_at_once_is_sent_in_parts),
};

RUN(tests)

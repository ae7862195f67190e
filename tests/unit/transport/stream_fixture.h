/* What the tests of the stream share: a bus with JetStream, a stream on it, and both seen from
 * outside. */
#ifndef TWOFOLD_TESTS_UNIT_TRANSPORT_STREAM_FIXTURE_H
#define TWOFOLD_TESTS_UNIT_TRANSPORT_STREAM_FIXTURE_H

#include "bus_fixture.h"
#include "transport/stream.h"

static const struct stream_wish wish = {
    .name = "TRAIL", .subjects = "trail.v1.>", .duplicate_window_ms = 3600 * 1000};

struct stream_fixture {
    struct bus_fixture on;
    struct stream *stream;
    jsCtx *js;
};

static inline struct stream *open_stream(struct bus *bus)
{
    struct stream *s = NULL;
    struct diag diag = {0};

    if (stream_open(bus, &wish, &s, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return s;
}

static inline struct stream_fixture stream_fixture_open(const char *config)
{
    struct stream_fixture f = {.on = publishing_fixture_open(config)};

    f.stream = open_stream(f.on.bus);
    assert_int_equal(natsConnection_JetStream(&f.js, f.on.client, NULL), NATS_OK);
    return f;
}

static inline void stream_fixture_close(struct stream_fixture *f)
{
    jsCtx_Destroy(f->js);
    stream_close(f->stream);
    fixture_close(&f->on);
}

/* One like our own, to be changed by the caller. */
static inline jsStreamConfig config_of(const char *name, const char **subject)
{
    jsStreamConfig c;

    jsStreamConfig_Init(&c);
    c.Name = name;
    c.Subjects = subject;
    c.SubjectsLen = 1;
    c.Discard = js_DiscardNew;
    c.Duplicates = 3600LL * 1000 * 1000 * 1000;
    c.DenyDelete = c.DenyPurge = true;
    return c;
}

static inline void create(struct stream_fixture *f)
{
    struct stream_info info;

    assert_int_equal(stream_create(f->stream, LONG_MS, &info), STREAM_READY);
    assert_string_equal(info.detail, "");
}

/* Publishes message number N with the id "m-<N>"; EXPECT 0: without an expectation. */
static inline enum err put(struct stream *s, unsigned n, unsigned expect)
{
    char id[16], last[16];

    snprintf(id, sizeof id, "m-%u", n);
    snprintf(last, sizeof last, "m-%u", expect);
    return stream_publish(s, &(struct stream_message){.position = n,
                                                      .subject = "trail.v1.a",
                                                      .id = id,
                                                      .body = bytes_of_text(id),
                                                      .expect_last_id = expect ? last : NULL});
}

static inline void put_run(struct stream *s, unsigned from, unsigned to)
{
    for (unsigned n = from; n <= to; n++)
        assert_int_equal(put(s, n, n > from ? n - 1 : 0), ERR_OK);
}

static inline struct stream_ack next_ack(struct stream *s)
{
    struct stream_ack a;

    assert_int_equal(stream_acks(s, LONG_MS, &a, 1), 1);
    return a;
}

static inline void expect_kept(struct stream *s, unsigned position, unsigned sequence,
                               bool duplicate)
{
    struct stream_ack a = next_ack(s);

    if (a.verdict != STREAM_KEPT)
        fail_msg("not kept: %s", a.detail);
    assert_int_equal(a.position, position);
    assert_int_equal(a.sequence, sequence);
    assert_int_equal(a.duplicate, duplicate);
}

static inline void expect_no_ack(struct stream *s)
{
    struct stream_ack a;

    assert_int_equal(stream_acks(s, 50, &a, 1), 0);
}

#endif

#include "transport/stream_read.h"

#include "stream_fixture.h"

/* A stream of N messages that can be deleted, each stored in a millisecond of its own. */
static struct stream_fixture filled(unsigned n)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    const char *subject = wish.subjects;
    jsStreamConfig config = config_of(wish.name, &subject);

    config.DenyDelete = false;
    assert_int_equal(js_AddStream(NULL, f.js, &config, NULL, NULL), NATS_OK);
    for (unsigned i = 1; i <= n; i++) {
        assert_int_equal(put(f.stream, i, 0), ERR_OK);
        expect_kept(f.stream, i, i, false);
        usleep(2000);
    }
    return f;
}

static void drop(struct stream_fixture *f, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++)
        assert_int_equal(js_DeleteMsg(f->js, wish.name, i, NULL, NULL), NATS_OK);
}

static void a_message_is_read_and_a_deleted_one_is_not(void **state)
{
    struct stream_fixture f = filled(3);
    struct stream_kept kept;

    (void)state;
    drop(&f, 2, 2);
    assert_int_equal(stream_read(f.stream, 1, LONG_MS, &kept), STREAM_HAS);
    assert_string_equal(kept.id, "m-1");
    assert_true(kept.unix_ms > 1700000000000);
    assert_int_equal(stream_read(f.stream, 2, LONG_MS, &kept), STREAM_HAS_NOT);
    assert_int_equal(stream_read(f.stream, 3, LONG_MS, &kept), STREAM_HAS);
    assert_string_equal(kept.id, "m-3");
    assert_int_equal(stream_read(f.stream, 4, LONG_MS, &kept), STREAM_HAS_NOT);
    stream_fixture_close(&f);
}

static void a_message_without_an_id_has_none(void **state)
{
    struct stream_fixture f = filled(0);
    struct stream_kept kept = {.id = "x"};
    char id[2 * STREAM_ID_BYTES];
    jsPubOptions options;

    (void)state;
    memset(id, 'i', sizeof id);
    id[sizeof id - 1] = '\0';
    jsPubOptions_Init(&options);
    assert_int_equal(js_Publish(NULL, f.js, "trail.v1.a", "x", 1, &options, NULL), NATS_OK);
    options.MsgId = id;
    assert_int_equal(js_Publish(NULL, f.js, "trail.v1.a", "x", 1, &options, NULL), NATS_OK);
    for (uint64_t i = 1; i <= 2; i++) {
        assert_int_equal(stream_read(f.stream, i, LONG_MS, &kept), STREAM_HAS);
        assert_string_equal(kept.id, "");
    }
    stream_fixture_close(&f);
}

/* Whatever is gone: all that was stored since is between FIRST and LAST, and nothing older. */
static void what_was_stored_since_is_found(void **state)
{
    static const struct {
        uint64_t from, to;
    } gone[] = {{0, 0}, {5, 5}, {1, 3}, {9, 14}, {19, 20}};
    struct stream_fixture f = filled(20);
    int64_t times[21];
    uint64_t first = 0, last = 0;
    struct stream_kept kept;

    (void)state;
    for (uint64_t i = 1; i <= 20; i++) {
        assert_int_equal(stream_read(f.stream, i, LONG_MS, &kept), STREAM_HAS);
        times[i] = kept.unix_ms;
    }
    assert_int_equal(stream_read_since(f.stream, times[20] + 1, LONG_MS, &first, &last),
                     STREAM_HAS_NOT);
    for (size_t g = 0; g < ARRAY_LEN(gone); g++) {
        if (gone[g].from)
            drop(&f, gone[g].from, gone[g].to);
        for (uint64_t i = 1; i <= 20; i++) {
            if (stream_read(f.stream, i, LONG_MS, &kept) != STREAM_HAS)
                continue;
            assert_int_equal(stream_read_since(f.stream, times[i], LONG_MS, &first, &last),
                             STREAM_HAS);
            assert_true(first <= i);
            assert_int_equal(last, 20);
            for (uint64_t before = first; before < i; before++)
                assert_int_equal(stream_read(f.stream, before, LONG_MS, &kept), STREAM_HAS_NOT);
        }
    }
    stream_fixture_close(&f);
}

static void an_empty_stream_has_nothing(void **state)
{
    struct stream_fixture f = filled(0);
    uint64_t first, last;

    (void)state;
    assert_int_equal(stream_read_since(f.stream, 0, LONG_MS, &first, &last), STREAM_HAS_NOT);
    stream_fixture_close(&f);
}

static void a_reader_is_made_once(void **state)
{
    struct stream_fixture f = filled(1);
    jsConsumerInfo *info = NULL;
    struct diag diag = {0};

    (void)state;
    assert_int_equal(stream_add_reader(f.stream, "archive", LONG_MS, &diag), ERR_OK);
    assert_int_equal(stream_add_reader(f.stream, "archive", LONG_MS, &diag), ERR_OK);
    assert_int_equal(js_GetConsumerInfo(&info, f.js, wish.name, "archive", NULL, NULL), NATS_OK);
    assert_int_equal(info->Config->AckPolicy, js_AckAll);
    assert_int_equal(info->Config->DeliverPolicy, js_DeliverAll);
    assert_null(info->Config->DeliverSubject);
    jsConsumerInfo_Destroy(info);
    stream_fixture_close(&f);
}

static void without_a_stream_no_reader_is_made(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    struct diag diag = {0};

    (void)state;
    assert_int_equal(stream_add_reader(f.stream, "archive", LONG_MS, &diag), ERR_VALIDATION);
    assert_non_null(strstr(diag.text, "the stream makes no reader \"archive\": stream not found"));
    stream_fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_message_is_read_and_a_deleted_one_is_not),
    cmocka_unit_test(a_message_without_an_id_has_none),
    cmocka_unit_test(what_was_stored_since_is_found),
    cmocka_unit_test(an_empty_stream_has_nothing),
    cmocka_unit_test(a_reader_is_made_once),
    cmocka_unit_test(without_a_stream_no_reader_is_made),
};
RUN(tests)

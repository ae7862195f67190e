#include "core/uri.h"

#include "support/runner.h"

static struct uri_piece piece(const char *text)
{
    return (struct uri_piece){text, strlen(text)};
}

static void assert_piece(struct uri_piece p, const char *text)
{
    assert_int_equal(p.n, strlen(text));
    assert_memory_equal(p.p, text, p.n);
}

static void every_byte_comes_back_from_its_escape(void **state)
{
    struct uri_text written = {0}, read = {0};
    char all[256];

    (void)state;
    for (unsigned i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    all[255] = '\0';
    uri_put_escaped(&written, all);
    assert_int_equal(written.n, 66 + 3 * (255 - 66)); /* 66 unreserved characters */
    assert_int_equal(uri_unescape((struct uri_piece){written.chars, written.n}, &read), ERR_OK);
    assert_true(uri_text_is(&read, all));
}

static void escapes_that_are_none_are_refused(void **state)
{
    static const char *const rows[] = {"%", "a%", "%4", "%G1", "%1g", "%%41", "%00", "% 1", "%+1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uri_text t = {0};

        if (uri_unescape(piece(rows[i]), &t) != ERR_VALIDATION)
            fail_msg("taken: %s", rows[i]);
    }
}

static void an_escape_cut_off_by_the_end_is_not_read_on(void **state)
{
    struct uri_text t = {0};

    (void)state;
    assert_int_equal(uri_unescape((struct uri_piece){"%41", 2}, &t), ERR_VALIDATION);
    assert_int_equal(uri_unescape((struct uri_piece){"%41", 3}, &t), ERR_OK);
    assert_true(uri_text_is(&t, "A"));
}

static void what_does_not_fit_is_left_out_and_told(void **state)
{
    struct uri_text t = {.n = sizeof t.chars - 2};

    (void)state;
    uri_put_number(&t, 60);
    assert_false(t.full);
    uri_put_escaped(&t, "x");
    assert_true(t.full);
    assert_int_equal(t.n, sizeof t.chars);
    assert_memory_equal(t.chars + t.n - 2, "60", 2);
}

static void pieces_are_cut_at_the_first_separator(void **state)
{
    struct uri_piece rest = piece("a=b=c");

    (void)state;
    assert_piece(uri_cut(&rest, '='), "a");
    assert_piece(rest, "b=c");
    assert_piece(uri_cut(&rest, '&'), "b=c");
    assert_int_equal(rest.n, 0);
    assert_piece(uri_cut(&rest, '&'), "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_byte_comes_back_from_its_escape),
    cmocka_unit_test(escapes_that_are_none_are_refused),
    cmocka_unit_test(an_escape_cut_off_by_the_end_is_not_read_on),
    cmocka_unit_test(what_does_not_fit_is_left_out_and_told),
    cmocka_unit_test(pieces_are_cut_at_the_first_separator),
};
RUN(tests)

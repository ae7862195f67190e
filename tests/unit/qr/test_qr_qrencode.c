#include "qr/qr.h"

#include "support/runner.h"

static struct qr *encoded(const char *text)
{
    struct qr *qr = NULL;

    assert_int_equal(qr_encode(text, &qr), ERR_OK);
    return qr;
}

/* The three finder patterns, which no data can change. */
static void a_code_has_its_finder_patterns(void **state)
{
    static const char pattern[7][8] = {"#######", "#.....#", "#.###.#", "#.###.#",
                                       "#.###.#", "#.....#", "#######"};
    auto_qr *qr = encoded("hello");
    size_t far = qr_size(qr) - 7;
    const size_t corners[3][2] = {{0, 0}, {far, 0}, {0, far}};

    (void)state;
    assert_int_equal(qr_size(qr), 21);
    for (unsigned c = 0; c < 3; c++)
        for (size_t i = 0; i < 49; i++)
            assert_int_equal(qr_dark(qr, corners[c][0] + i % 7, corners[c][1] + i / 7),
                             pattern[i / 7][i % 7] == '#');
}

/* Version 3 (29 modules) holds 42 bytes at level M and 53 at level L (ISO/IEC 18004 table 7). */
static void the_level_is_m(void **state)
{
    char text[64] = {0};
    auto_qr *fits = NULL, *larger = NULL;

    (void)state;
    memset(text, 'a', 42);
    fits = encoded(text);
    assert_int_equal(qr_size(fits), 29);
    text[42] = 'a';
    larger = encoded(text);
    assert_int_equal(qr_size(larger), 33);
}

static void outside_of_the_code_is_light(void **state)
{
    auto_qr *qr = encoded("hello");
    const size_t n = qr_size(qr), beyond[] = {n, n + 1, SIZE_MAX, SIZE_MAX - 3};

    (void)state;
    assert_true(qr_dark(qr, 0, 0));
    for (size_t i = 0; i < 4; i++) {
        assert_false(qr_dark(qr, beyond[i], 0));
        assert_false(qr_dark(qr, 0, beyond[i]));
        assert_false(qr_dark(qr, beyond[i], beyond[i]));
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    char text[QR_TEXT_MAX + 2] = {0};
    auto_qr *most = NULL;
    struct qr *none = NULL;

    (void)state;
    memset(text, 'x', QR_TEXT_MAX);
    most = encoded(text);
    text[QR_TEXT_MAX] = 'x';
    assert_int_equal(qr_encode(text, &none), ERR_VALIDATION);
    assert_int_equal(qr_encode("", &none), ERR_VALIDATION);
    assert_null(none);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    qr_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_code_has_its_finder_patterns),
    cmocka_unit_test(the_level_is_m),
    cmocka_unit_test(outside_of_the_code_is_light),
    cmocka_unit_test(what_does_not_fit_is_refused),
    cmocka_unit_test(freeing_nothing_is_fine),
};
RUN(tests)

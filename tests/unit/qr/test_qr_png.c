/* PNG images as a reader, a scanner and a starved allocator see them. */
#include "qr/qr.h"

#include "base/attr.h"
#include "support/runner.h"
#include "unit/qr/scan.h"
#include "unit/qr/texts.h"

#include <stdlib.h>

enum { PIXELS = 6 };

static unsigned mallocs_left = UINT32_MAX; /* then one fails */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

void *__wrap_malloc(size_t n)
{
    return mallocs_left-- == 0 ? NULL : __real_malloc(n);
}

static struct qr *encoded(const char *text)
{
    struct qr *qr = NULL;

    assert_int_equal(qr_encode(text, &qr), ERR_OK);
    return qr;
}

static struct picture painted(const struct qr *qr)
{
    struct picture p;
    uint8_t *png = NULL;
    size_t n = 0;

    assert_int_equal(qr_png(qr, &png, &n), ERR_OK);
    p = picture_of_png(png, n);
    free(png);
    return p;
}

static void scans_on_white_and_on_black(void **state)
{
    char long_text[QR_TEXT_MAX + 1] = {0};
    const char *const texts[] = {TEXT_USUAL, "x", TEXT_HOSTILE, long_text};
    const uint8_t pages[] = {0, 255};

    (void)state;
    for (size_t i = 0; i < QR_TEXT_MAX; i++)
        long_text[i] = (char)('!' + i * 7 % 90);
    for (size_t i = 0; i < 2 * ARRAY_LEN(texts); i++) {
        auto_qr *qr = encoded(texts[i / 2]);
        auto_picture p = painted(qr);
        char *text = scan_on_page(&p, pages[i % 2]);

        assert_string_equal(text, texts[i / 2]);
        free(text);
    }
}

static void every_module_is_six_pixels_wide_and_high(void **state)
{
    auto_qr *qr = encoded(TEXT_USUAL);
    auto_picture p = painted(qr);
    size_t side = (qr_size(qr) + 2 * QR_QUIET_ZONE) * PIXELS;

    (void)state;
    assert_int_equal(p.width, side);
    assert_int_equal(p.height, side);
    for (size_t i = 0; i < side * side; i++) {
        bool dark =
            qr_dark(qr, i % side / PIXELS - QR_QUIET_ZONE, i / side / PIXELS - QR_QUIET_ZONE);

        assert_int_equal(p.pixels[2 * i], dark ? 0 : 255);
    }
}

static void the_quiet_zone_is_painted_white(void **state)
{
    auto_qr *qr = encoded(TEXT_USUAL);
    auto_picture p = painted(qr);

    (void)state;
    assert_true(picture_has_white_margin(&p, QR_QUIET_ZONE * PIXELS));
    assert_false(picture_has_white_margin(&p, QR_QUIET_ZONE * PIXELS + 1));
}

static void carries_one_bit_a_pixel_and_no_text(void **state)
{
    static const uint8_t head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    auto_qr *qr = encoded(TEXT_HOSTILE);
    uint8_t *png = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(qr_png(qr, &png, &n), ERR_OK);
    assert_memory_equal(png, head, sizeof head - 1);
    assert_int_equal(png[24], 1); /* bit depth */
    assert_int_equal(png[25], 0); /* greyscale */
    assert_false(carries_text(png, n, TEXT_HOSTILE));
    assert_null(memmem(png, n, "tEXt", 4));
    assert_null(memmem(png, n, "tIME", 4));
    free(png);
}

/* The largest code needs a buffer that grows more than once. */
static void without_memory_there_is_no_image_and_no_leak(void **state)
{
    char text[QR_TEXT_MAX + 1] = {0};
    auto_qr *qr = NULL;
    enum err err = ERR_UNAVAILABLE;
    unsigned failures = 0;
    uint8_t *png = NULL;
    size_t n = 7;

    (void)state;
    memset(text, 'x', QR_TEXT_MAX);
    qr = encoded(text);
    for (; err != ERR_OK && failures < 20; failures++) {
        assert_null(png);
        assert_int_equal(n, 7);
        mallocs_left = failures;
        err = qr_png(qr, &png, &n);
        mallocs_left = UINT32_MAX;
        assert_true(err == ERR_OK || err == ERR_UNAVAILABLE);
    }
    assert_int_equal(err, ERR_OK);
    assert_true(failures >= 3);
    free(png);
}

static void without_memory_there_is_no_code(void **state)
{
    struct qr *qr = NULL;

    (void)state;
    mallocs_left = 0;
    assert_int_equal(qr_encode("hello", &qr), ERR_UNAVAILABLE);
    mallocs_left = UINT32_MAX;
    assert_null(qr);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scans_on_white_and_on_black),
    cmocka_unit_test(every_module_is_six_pixels_wide_and_high),
    cmocka_unit_test(the_quiet_zone_is_painted_white),
    cmocka_unit_test(carries_one_bit_a_pixel_and_no_text),
    cmocka_unit_test(without_memory_there_is_no_image_and_no_leak),
    cmocka_unit_test(without_memory_there_is_no_code),
};
RUN(tests)

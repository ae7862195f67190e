/* SVG images as a renderer and a scanner see them. */
#include "qr/qr.h"

#include "base/attr.h"
#include "support/runner.h"
#include "unit/qr/scan.h"
#include "unit/qr/texts.h"

#include <stdlib.h>

enum { PIXELS = 5 };

struct drawing {
    struct qr *qr;
    char *svg;
    size_t n;
};

static struct drawing drawn(const char *text)
{
    struct drawing d = {0};

    assert_int_equal(qr_encode(text, &d.qr), ERR_OK);
    assert_int_equal(qr_svg(d.qr, &d.svg, &d.n), ERR_OK);
    return d;
}

static void drawing_free(struct drawing *d)
{
    qr_free(d->qr);
    free(d->svg);
}
#define auto_drawing CLEANUP(drawing_free) struct drawing

static struct picture rendered(const struct drawing *d)
{
    size_t side = (qr_size(d->qr) + 2 * QR_QUIET_ZONE) * PIXELS;
    struct picture p = picture_of_svg(d->svg, d->n, (unsigned)side);

    assert_int_equal(p.width, side);
    assert_int_equal(p.height, side);
    return p;
}

static void scans_on_white_and_on_black(void **state)
{
    static const char *const texts[] = {TEXT_USUAL, "x", TEXT_HOSTILE};
    static const uint8_t pages[] = {0, 255};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(texts); i++) {
        auto_drawing d = drawn(texts[i / 2]);
        auto_picture p = rendered(&d);
        char *text = scan_on_page(&p, pages[i % 2]);

        assert_string_equal(text, texts[i / 2]);
        free(text);
    }
}

static void every_module_is_where_it_belongs(void **state)
{
    auto_drawing d = drawn(TEXT_USUAL);
    auto_picture p = rendered(&d);

    (void)state;
    for (size_t i = 0; i < p.width * p.height; i++) {
        bool dark = qr_dark(d.qr, i % p.width / PIXELS - QR_QUIET_ZONE,
                            i / p.width / PIXELS - QR_QUIET_ZONE);

        assert_int_equal(p.pixels[2 * i], dark ? 0 : 255);
    }
}

static void the_quiet_zone_is_painted_white(void **state)
{
    auto_drawing d = drawn(TEXT_USUAL);
    auto_picture p = rendered(&d);

    (void)state;
    assert_true(picture_has_white_margin(&p, QR_QUIET_ZONE * PIXELS));
    assert_false(picture_has_white_margin(&p, QR_QUIET_ZONE * PIXELS + 1));
}

static void is_one_rectangle_and_one_path(void **state)
{
    auto_drawing d = drawn(TEXT_HOSTILE);

    (void)state;
    assert_int_equal(strlen(d.svg), d.n);
    assert_int_equal(strncmp(d.svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 40), 0);
    assert_non_null(strstr(d.svg, "shape-rendering=\"crispEdges\""));
    assert_non_null(strstr(d.svg, "<rect "));
    assert_ptr_equal(strstr(strstr(d.svg, "<path ") + 1, "<"), strstr(d.svg, "</svg>"));
    assert_string_equal(strstr(d.svg, "</svg>"), "</svg>\n");
}

static void carries_no_text(void **state)
{
    static const char *const texts[] = {TEXT_HOSTILE, TEXT_USUAL};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        auto_drawing d = drawn(texts[i]);
        const char *drawing = strstr(d.svg, "viewBox");

        assert_null(strstr(d.svg, "script"));
        assert_non_null(drawing);
        assert_false(carries_text(drawing, strlen(drawing) - strlen("</svg>\n"), texts[i]));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scans_on_white_and_on_black),
    cmocka_unit_test(every_module_is_where_it_belongs),
    cmocka_unit_test(the_quiet_zone_is_painted_white),
    cmocka_unit_test(is_one_rectangle_and_one_path),
    cmocka_unit_test(carries_no_text),
};
RUN(tests)

/*
 * One white rectangle and one black path, a rectangle for each horizontal run of dark modules. The
 * document is written twice, first to nowhere for its length: a buffer that grew would leave copies
 * of the secret in freed memory.
 */
#include "qr/qr.h"

#include "base/attr.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Like snprintf: n is the length without regard to the capacity. */
struct out {
    char *p;
    size_t n, capacity;
};

PRINTF_LIKE(2, 3) static void put(struct out *out, const char *fmt, ...)
{
    bool fits = out->n < out->capacity;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(fits ? out->p + out->n : NULL, fits ? out->capacity - out->n : 0, fmt, args);
    va_end(args);
    out->n += n > 0 ? (size_t)n : 0;
}

/* Length of the run of dark modules that begins at X, Y. */
static size_t run_length(const struct qr *qr, size_t x, size_t y)
{
    size_t n = 0;

    while (qr_dark(qr, x + n, y))
        n++;
    return n;
}

static void put_row(struct out *out, const struct qr *qr, size_t y)
{
    for (size_t x = 0; x < qr_size(qr);) {
        size_t n = run_length(qr, x, y);

        if (n > 0)
            put(out, "M%zu %zuh%zuv1h-%zuz", x + QR_QUIET_ZONE, y + QR_QUIET_ZONE, n, n);
        x += n + 1;
    }
}

static void put_document(struct out *out, const struct qr *qr)
{
    size_t side = qr_size(qr) + 2 * QR_QUIET_ZONE;

    put(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" "
        "shape-rendering=\"crispEdges\">",
        side, side);
    put(out, "<rect width=\"%zu\" height=\"%zu\" fill=\"#fff\"/><path fill=\"#000\" d=\"", side,
        side);
    for (size_t y = 0; y < qr_size(qr); y++)
        put_row(out, qr, y);
    put(out, "\"/></svg>\n");
}

enum err qr_svg(const struct qr *qr, char **ret_svg, size_t *ret_n)
{
    struct out out = {0};
    char *svg;

    put_document(&out, qr);
    svg = malloc(out.n + 1);
    if (!svg)
        return ERR_UNAVAILABLE;
    out = (struct out){.p = svg, .capacity = out.n + 1};
    put_document(&out, qr);
    *ret_svg = svg;
    *ret_n = out.n;
    return ERR_OK;
}

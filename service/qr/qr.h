/*
 * QR codes (ISO/IEC 18004) that scan everywhere: the four-module quiet zone is part of the image
 * and white, the background is painted, so dark pages do not matter. An image carries modules only,
 * never a byte of its text.
 */
#ifndef TWOFOLD_QR_QR_H
#define TWOFOLD_QR_QR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QR_QUIET_ZONE = 4, QR_TEXT_MAX = 1536 };

struct qr;

/* Encodes TEXT at error correction level M. ERR_VALIDATION when it is longer than QR_TEXT_MAX or
 * does not fit a code; ERR_UNAVAILABLE without memory. The caller frees. */
NODISCARD enum err qr_encode(const char *text, struct qr **ret_qr);

/* Wipes and frees; NULL is fine. */
void qr_free(struct qr *qr);
DEFINE_CLEANUP(struct qr, qr_free);
#define auto_qr CLEANUP(qr_freep) struct qr

/* Modules a side, without the quiet zone. */
size_t qr_size(const struct qr *qr);
/* Is the module at column X, row Y dark? Outside of the code it is light. */
bool qr_dark(const struct qr *qr, size_t x, size_t y);

/* An SVG document (NUL-terminated, *RET_N bytes without the NUL), allocated with malloc; the caller
 * wipes and frees it. */
NODISCARD enum err qr_svg(const struct qr *qr, char **ret_svg, size_t *ret_n);

/* A 1-bit greyscale PNG, 6 pixels a module, allocated with malloc; the caller wipes and frees. */
NODISCARD enum err qr_png(const struct qr *qr, uint8_t **ret_png, size_t *ret_n);

/* Both pictures of a text, drawn on another thread. */
struct qr_drawing {
    char text[QR_TEXT_MAX + 1]; /* in */
    /* out */
    enum err err; /* as of qr_encode */
    char *svg;    /* as of qr_svg and qr_png; the drawing's own */
    uint8_t *png;
    size_t n_svg, n_png;
};

/* Draws D->text. */
void qr_draw(struct qr_drawing *d);

/* Wipes and frees what was drawn, and wipes the text: as good as new. */
void qr_drawing_wipe(struct qr_drawing *d);
#define auto_qr_drawing CLEANUP(qr_drawing_wipe) struct qr_drawing

#endif

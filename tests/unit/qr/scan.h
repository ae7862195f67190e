/* Images as others see them: read by libpng, rendered by librsvg, scanned by zbar. */
#ifndef TWOFOLD_TESTS_UNIT_QR_SCAN_H
#define TWOFOLD_TESTS_UNIT_QR_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Grey and alpha, 8 bits each, row by row. */
struct picture {
    size_t width, height;
    uint8_t *pixels;
};

void picture_free(struct picture *p);
#define auto_picture __attribute__((cleanup(picture_free))) struct picture

/* All of these fail the test when a tool or a file fails. */
struct picture picture_of_png(const uint8_t *png, size_t n);
/* Rendered WIDTH pixels wide, on nothing: what is not painted stays transparent. */
struct picture picture_of_svg(const char *svg, size_t n, unsigned width);

/* What zbarimg reads when the picture lies on a page of PAGE (0 black, 255 white); without the line
 * feed that it ends with. The caller frees. */
char *scan_on_page(const struct picture *p, uint8_t page);

/* Are the first MARGIN pixels on each side opaque and white, and is no pixel transparent? */
bool picture_has_white_margin(const struct picture *p, size_t margin);

/* Is N bytes of TEXT, or any 5 of them in a row, among the N_IMAGE bytes of IMAGE? */
bool carries_text(const void *image, size_t n_image, const char *text);

#endif

/*
 * PNG by libpng, which reports errors by longjmp. The jump lands in one function that owns nothing
 * and has no locals of its own; everything that the jump could leak or lose lives in its callers.
 *
 * The image grows in a buffer that is wiped before it gives way to a larger one. libpng's and
 * zlib's own buffers are out of reach.
 */
#include "qr/qr.h"

#include "base/secret.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIXELS = 6, /* a module's side */
    MODULES_MAX = 177 + 2 * QR_QUIET_ZONE,
    ROW_BYTES_MAX = (MODULES_MAX * PIXELS + 7) / 8,
    FIRST_CAPACITY = 4096,
};

struct image {
    const struct qr *qr;
    png_structp png;
    png_infop info;
    uint8_t row[ROW_BYTES_MAX];
    uint8_t *p;
    size_t n, capacity;
};

static void image_free(struct image *im)
{
    png_destroy_write_struct(&im->png, &im->info);
    wipe(im->p, im->capacity);
    free(im->p);
    wipe(im, sizeof *im);
}
#define auto_image CLEANUP(image_free) struct image

/* Silent: an adapter never logs. */
static void on_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static bool make_room(struct image *im, size_t n)
{
    size_t capacity = im->capacity ? im->capacity : FIRST_CAPACITY;
    uint8_t *larger;

    if (n <= im->capacity - im->n)
        return true;
    while (capacity - im->n < n)
        capacity *= 2;
    larger = malloc(capacity);
    if (!larger)
        return false;
    if (im->p)
        memcpy(larger, im->p, im->n);
    wipe(im->p, im->capacity);
    free(im->p);
    im->p = larger;
    im->capacity = capacity;
    return true;
}

static void on_write(png_structp png, png_bytep data, size_t n)
{
    struct image *im = png_get_io_ptr(png);

    if (!make_room(im, n))
        png_error(png, "out of memory");
    memcpy(im->p + im->n, data, n);
    im->n += n;
}

static void on_flush(png_structp png)
{
    (void)png;
}

static size_t side_pixels(const struct qr *qr)
{
    return (qr_size(qr) + 2 * QR_QUIET_ZONE) * PIXELS;
}

/* Row Y of modules, the quiet zone included: set bits are white. */
static void paint_row(struct image *im, size_t y)
{
    memset(im->row, 0xff, sizeof im->row);
    for (size_t x = 0; x < side_pixels(im->qr); x++)
        /* Left of and above the code the difference wraps, and is outside like right and below. */
        if (qr_dark(im->qr, x / PIXELS - QR_QUIET_ZONE, y - QR_QUIET_ZONE))
            im->row[x / 8] &= (uint8_t) ~(0x80U >> x % 8);
}

static void write_image(struct image *im)
{
    png_uint_32 side = (png_uint_32)side_pixels(im->qr);

    png_set_write_fn(im->png, im, on_write, on_flush);
    png_set_compression_level(im->png, 1);
    png_set_IHDR(im->png, im->info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(im->png, im->info);
    for (size_t y = 0; y < side; y++) {
        if (y % PIXELS == 0)
            paint_row(im, y / PIXELS);
        png_write_row(im->png, im->row);
    }
    png_write_end(im->png, im->info);
}

static enum err try_write(struct image *im)
{
    if (setjmp(png_jmpbuf(im->png)))
        return ERR_UNAVAILABLE;
    write_image(im);
    return ERR_OK;
}

enum err qr_png(const struct qr *qr, uint8_t **ret_png, size_t *ret_n)
{
    auto_image im = {.qr = qr};

    im.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    if (!im.png)
        return ERR_UNAVAILABLE;
    im.info = png_create_info_struct(im.png);
    if (!im.info)
        return ERR_UNAVAILABLE;
    TRY(try_write(&im));
    *ret_n = im.n;
    *ret_png = STEAL(im.p);
    im.capacity = 0;
    return ERR_OK;
}

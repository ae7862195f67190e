#include "unit/qr/scan.h"

#include "support/runner.h"

#include <png.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE_MARGIN = 60, ANSWER_MAX = 4096, FRAGMENT = 5 };

struct folder {
    char path[32];
};

static struct folder folder_make(void)
{
    struct folder f = {"/tmp/twofold-qr-XXXXXX"};

    assert_non_null(mkdtemp(f.path));
    return f;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* All that a command prints, up to ANSWER_MAX - 1 bytes when TEXT; allocated. */
static char *output_of(const char *command, size_t max, size_t *ret_n)
{
    FILE *pipe = popen(command, "r");
    char *out = calloc(1, max + 1);

    assert_non_null(pipe);
    assert_non_null(out);
    *ret_n = fread(out, 1, max, pipe);
    assert_int_equal(pclose(pipe), 0);
    return out;
}

void picture_free(struct picture *p)
{
    free(p->pixels);
}

struct picture picture_of_png(const uint8_t *png, size_t n)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    struct picture p = {0};

    assert_true(png_image_begin_read_from_memory(&image, png, n));
    image.format = PNG_FORMAT_GA;
    p = (struct picture){image.width, image.height, malloc(PNG_IMAGE_SIZE(image))};
    assert_non_null(p.pixels);
    assert_true(png_image_finish_read(&image, NULL, p.pixels, 0, NULL));
    return p;
}

struct picture picture_of_svg(const char *svg, size_t n, unsigned width)
{
    struct folder f = folder_make();
    char path[64], command[256];
    struct picture p;
    size_t n_png;
    char *png;

    snprintf(path, sizeof path, "%s/code.svg", f.path);
    write_file(path, svg, n);
    snprintf(command, sizeof command, "rsvg-convert --width=%u %s", width, path);
    png = output_of(command, 1 << 20, &n_png);
    p = picture_of_png((const uint8_t *)png, n_png);
    free(png);
    unlink(path);
    rmdir(f.path);
    return p;
}

/* A portable greymap of P in the middle of a page; allocated. */
static uint8_t *page_with(const struct picture *p, uint8_t page, size_t *ret_n)
{
    size_t width = p->width + 2 * PAGE_MARGIN, height = p->height + 2 * PAGE_MARGIN;
    uint8_t *out = malloc(64 + width * height);
    size_t head;

    assert_non_null(out);
    head = (size_t)snprintf((char *)out, 64, "P5\n%zu %zu\n255\n", width, height);
    memset(out + head, page, width * height);
    for (size_t i = 0; i < p->width * p->height; i++) {
        unsigned grey = p->pixels[2 * i], alpha = p->pixels[2 * i + 1];
        size_t x = i % p->width + PAGE_MARGIN, y = i / p->width + PAGE_MARGIN;

        out[head + y * width + x] = (uint8_t)((grey * alpha + page * (255U - alpha)) / 255);
    }
    *ret_n = head + width * height;
    return out;
}

char *scan_on_page(const struct picture *p, uint8_t page)
{
    struct folder f = folder_make();
    char path[64], command[256];
    uint8_t *image;
    char *text;
    size_t n;

    image = page_with(p, page, &n);
    snprintf(path, sizeof path, "%s/page.pgm", f.path);
    write_file(path, image, n);
    free(image);
    snprintf(command, sizeof command,
             "zbarimg --quiet --raw -Sdisable -Sqrcode.enable %s 2>/dev/null", path);
    text = output_of(command, ANSWER_MAX, &n);
    assert_true(n > 0 && text[n - 1] == '\n');
    text[n - 1] = '\0';
    unlink(path);
    rmdir(f.path);
    return text;
}

bool picture_has_white_margin(const struct picture *p, size_t margin)
{
    for (size_t i = 0; i < p->width * p->height; i++) {
        size_t x = i % p->width, y = i / p->width;
        bool inside = x >= margin && x < p->width - margin && y >= margin && y < p->height - margin;

        if (p->pixels[2 * i + 1] != 255 || (!inside && p->pixels[2 * i] != 255))
            return false;
    }
    return true;
}

bool carries_text(const void *image, size_t n_image, const char *text)
{
    for (size_t i = 0; i + FRAGMENT <= strlen(text); i++)
        if (memmem(image, n_image, text + i, FRAGMENT))
            return true;
    return false;
}

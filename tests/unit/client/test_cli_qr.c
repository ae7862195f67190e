/* What the terminal shows must be what a phone reads: the drawing is turned back into pixels and
 * given to a scanner. */
#include "qr_terminal.h"

#include "support/runner.h"
#include "support/scratch.h"

#include <stdlib.h>

enum { SIDE_MAX = 256, SCALE = 4, QUIET = 4 };

#define ROW_BEGIN "\x1b[38;5;16;48;5;231m"
#define ROW_END "\x1b[0m"

struct picture {
    int width, height;
    unsigned char dark[SIDE_MAX][SIDE_MAX];
};

static const struct {
    const char *text;
    bool upper, lower;
} cells[] = {
    {"\u2588", true, true}, {"\u2580", true, false}, {"\u2584", false, true}, {" ", false, false}};

/* Reads one cell at *TEXT into column X of the two rows at Y. */
static void read_cell(const char **text, struct picture *p, int x, int y)
{
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        if (strncmp(*text, cells[i].text, strlen(cells[i].text)) == 0) {
            p->dark[y][x] = cells[i].upper;
            p->dark[y + 1][x] = cells[i].lower;
            *text += strlen(cells[i].text);
            return;
        }
    fail_msg("no cell: %.10s", *text);
}

static void read_drawing(const char *text, struct picture *p)
{
    memset(p, 0, sizeof *p);
    for (; *text != '\0'; p->height += 2) {
        int x = 0;

        assert_int_equal(strncmp(text, ROW_BEGIN, strlen(ROW_BEGIN)), 0);
        text += strlen(ROW_BEGIN);
        while (strncmp(text, ROW_END, strlen(ROW_END)) != 0) {
            assert_true(x < SIDE_MAX && p->height + 1 < SIDE_MAX);
            read_cell(&text, p, x++, p->height);
        }
        text += strlen(ROW_END);
        assert_int_equal(*text++, '\n');
        assert_true(p->width == 0 || p->width == x);
        p->width = x;
    }
}

static void draw(const char *text, struct picture *ret)
{
    char *drawing = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&drawing, &n);

    assert_true(qr_terminal_print(f, text));
    fclose(f);
    read_drawing(drawing, ret);
    free(drawing);
}

static void scan(const struct picture *p, char *ret, size_t size)
{
    struct scratch scratch;
    char command[600];
    FILE *f;

    scratch_make(&scratch);
    f = fopen(scratch_path(&scratch, "qr.pgm"), "w");
    fprintf(f, "P5 %d %d 255\n", p->width * SCALE, p->height * SCALE);
    for (int y = 0; y < p->height * SCALE; y++)
        for (int x = 0; x < p->width * SCALE; x++)
            fputc(p->dark[y / SCALE][x / SCALE] ? 0 : 255, f);
    fclose(f);
    snprintf(command, sizeof command, "zbarimg --quiet --raw %s", scratch.path);
    f = popen(command, "r");
    assert_non_null(f);
    if (!fgets(ret, (int)size, f))
        ret[0] = '\0';
    assert_int_equal(pclose(f), 0);
    ret[strcspn(ret, "\n")] = '\0';
    scratch_remove(&scratch);
}

static void a_scanner_reads_the_drawing(void **state)
{
    static const char *const uris[] = {
        "otpauth://totp/Twofold:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Twofold",
        "otpauth://totp/A%20very%20long%20issuer%20of%20an%20organization:somebody.with.a.name%40"
        "example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=A%20very%20long%20issuer"
        "&algorithm=SHA512&digits=8&period=60",
    };
    struct picture picture;
    char read[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        draw(uris[i], &picture);
        assert_int_equal(picture.height, 2 * qr_terminal_needs(uris[i]).rows);
        assert_int_equal(picture.width, qr_terminal_needs(uris[i]).columns);
        scan(&picture, read, sizeof read);
        assert_string_equal(read, uris[i]);
    }
}

static void the_quiet_zone_is_there(void **state)
{
    struct picture p;

    (void)state;
    draw("otpauth://totp/x", &p);
    assert_true(p.width <= 80);
    for (int i = 0; i < p.width; i++)
        for (int k = 0; k < QUIET; k++) {
            assert_false(p.dark[k][i]);
            assert_false(p.dark[p.width - 1 - k][i]);
            assert_false(p.dark[i][k]);
            assert_false(p.dark[i][p.width - 1 - k]);
        }
    assert_true(p.dark[QUIET][QUIET]); /* the finder's corner is where the zone ends */
}

static void what_does_not_fit_is_not_drawn(void **state)
{
    char long_text[4000], *drawing = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&drawing, &n);

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_false(qr_terminal_print(f, long_text));
    assert_int_equal(qr_terminal_needs(long_text).rows, 0);
    assert_int_equal(qr_terminal_has(f).rows, 0);
    fclose(f);
    assert_int_equal(n, 0);
    free(drawing);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_scanner_reads_the_drawing),
    cmocka_unit_test(the_quiet_zone_is_there),
    cmocka_unit_test(what_does_not_fit_is_not_drawn),
};

RUN(tests)

/*
 * Colours come from the 256-colour cube (16 black, 231 white), which themes leave alone: a "black"
 * that a theme makes grey, or a dark terminal's background as the quiet zone, is what scanners fail
 * on. Each cell holds two modules, so that they are about square.
 */
#include "qr_terminal.h"

#include <qrencode.h>
#include <string.h>
#include <sys/ioctl.h>

enum { QUIET = 4, MODULES_A_ROW = 2 };

#define BLACK_ON_WHITE "\x1b[38;5;16;48;5;231m"
#define PLAIN "\x1b[0m"

/* X and Y count from the outer edge of the quiet zone. */
static bool is_dark(const QRcode *qr, int x, int y)
{
    x -= QUIET;
    y -= QUIET;
    return x >= 0 && y >= 0 && x < qr->width && y < qr->width && (qr->data[y * qr->width + x] & 1);
}

static const char *cell(bool upper, bool lower)
{
    if (upper)
        return lower ? "\u2588" : "\u2580";
    return lower ? "\u2584" : " ";
}

static QRcode *encode(const char *text)
{
    return QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
}

static void wipe_and_free(QRcode *qr)
{
    explicit_bzero(qr->data, (size_t)qr->width * (size_t)qr->width);
    QRcode_free(qr);
}

struct qr_cells qr_terminal_needs(const char *text)
{
    QRcode *qr = encode(text);
    int size;

    if (!qr)
        return (struct qr_cells){0};
    size = qr->width + 2 * QUIET;
    wipe_and_free(qr);
    return (struct qr_cells){.rows = (size + MODULES_A_ROW - 1) / MODULES_A_ROW, .columns = size};
}

struct qr_cells qr_terminal_has(FILE *out)
{
    struct winsize window;

    if (ioctl(fileno(out), TIOCGWINSZ, &window) != 0)
        return (struct qr_cells){0};
    return (struct qr_cells){.rows = window.ws_row, .columns = window.ws_col};
}

bool qr_terminal_print(FILE *out, const char *text)
{
    QRcode *qr = encode(text);
    int size;

    if (!qr)
        return false;
    size = qr->width + 2 * QUIET;
    for (int y = 0; y < size; y += MODULES_A_ROW) {
        fputs(BLACK_ON_WHITE, out);
        for (int x = 0; x < size; x++)
            fputs(cell(is_dark(qr, x, y), is_dark(qr, x, y + 1)), out);
        fputs(PLAIN "\n", out);
    }
    wipe_and_free(qr);
    return true;
}

/* A QR code on the terminal. */
#ifndef TWOFOLD_CLI_QR_TERMINAL_H
#define TWOFOLD_CLI_QR_TERMINAL_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdio.h>

/* Rows and columns of characters; 0 x 0 is not known. */
struct qr_cells {
    int rows, columns;
};

/* What a drawing of TEXT takes; 0 x 0: it does not fit a QR code. */
struct qr_cells qr_terminal_needs(const char *text);

/* What the terminal OUT has; 0 x 0: OUT is none, or does not tell. */
struct qr_cells qr_terminal_has(FILE *out);

/* Draws TEXT, two modules a character cell, black on white whatever the terminal's colours are,
 * with the quiet zone of 4 modules that the standard asks for. False: it does not fit a QR code. */
NODISCARD bool qr_terminal_print(FILE *out, const char *text);

#endif

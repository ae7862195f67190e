/* A QR code on the terminal. */
#ifndef TWOFOLD_CLI_QR_TERMINAL_H
#define TWOFOLD_CLI_QR_TERMINAL_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdio.h>

/* Draws TEXT, two modules a character cell, black on white whatever the terminal's colours are,
 * with the quiet zone of 4 modules that the standard asks for. False: it does not fit a QR code. */
NODISCARD bool qr_terminal_print(FILE *out, const char *text);

#endif

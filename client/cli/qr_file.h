/* The QR code as a file: --qr-file. */
#ifndef TWOFOLD_CLI_QR_FILE_H
#define TWOFOLD_CLI_QR_FILE_H

#include "cli.h"

/* Zeroed: none. */
struct qr_file {
    const char *path; /* NULL: none, or it is written */
    int fd;
};

/* Creates it, empty and the caller's alone; never takes one that is there already. A signal that
 * ends the program removes it, until it is written. One at a time; PATH is borrowed. */
NODISCARD enum exit_code qr_file_create(const char *path, struct qr_file *ret_file);

/* Fills it with PNG and closes it: from then on it stays. */
NODISCARD enum exit_code qr_file_write(struct qr_file *file, const ProtobufCBinaryData *png);

/* Removes it again unless it is written. */
void qr_file_drop(struct qr_file *file);

#define auto_qr_file CLEANUP(qr_file_drop) struct qr_file

#endif

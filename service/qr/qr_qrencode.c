/*
 * The code itself, by libqrencode. Its result is copied into a value of ours at once: the other
 * files of this folder then need not know the library, and its copy can be wiped here. What it
 * allocated and freed while encoding is out of reach.
 */
#include "qr/qr.h"

#include "base/secret.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>

struct qr {
    size_t size;
    bool dark[]; /* row by row */
};

static void code_free(QRcode *code)
{
    if (!code)
        return;
    wipe(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
}
DEFINE_CLEANUP(QRcode, code_free);

enum err qr_encode(const char *text, struct qr **ret_qr)
{
    CLEANUP(code_freep) QRcode *code = NULL;
    struct qr *qr;
    size_t n;

    if (strnlen(text, QR_TEXT_MAX + 1) > QR_TEXT_MAX)
        return ERR_VALIDATION;
    code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code)
        return errno == ENOMEM ? ERR_UNAVAILABLE : ERR_VALIDATION;
    n = (size_t)code->width * (size_t)code->width;
    qr = malloc(sizeof *qr + n * sizeof qr->dark[0]);
    if (!qr)
        return ERR_UNAVAILABLE;
    qr->size = (size_t)code->width;
    /* The lowest bit is the colour, the others say what the module is for. */
    for (size_t i = 0; i < n; i++)
        qr->dark[i] = code->data[i] & 1;
    *ret_qr = qr;
    return ERR_OK;
}

void qr_free(struct qr *qr)
{
    if (!qr)
        return;
    wipe(qr, sizeof *qr + qr->size * qr->size * sizeof qr->dark[0]);
    free(qr);
}

size_t qr_size(const struct qr *qr)
{
    return qr->size;
}

bool qr_dark(const struct qr *qr, size_t x, size_t y)
{
    return x < qr->size && y < qr->size && qr->dark[y * qr->size + x];
}

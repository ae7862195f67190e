#include "qr/qr.h"

#include "base/secret.h"

#include <stdlib.h>

static enum err draw(struct qr_drawing *d)
{
    auto_qr *qr = NULL;

    TRY(qr_encode(d->text, &qr));
    TRY(qr_svg(qr, &d->svg, &d->n_svg));
    return qr_png(qr, &d->png, &d->n_png);
}

void qr_draw(struct qr_drawing *d)
{
    d->err = draw(d);
}

void qr_drawing_wipe(struct qr_drawing *d)
{
    wipe(d->svg, d->n_svg);
    wipe(d->png, d->n_png);
    free(d->svg);
    free(d->png);
    wipe(d, sizeof *d);
}

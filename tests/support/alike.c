#include "support/alike.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum err alike(struct service *s, const char *method, struct field first, struct field second)
{
    struct answer known, unknown;
    enum err err;

    known = ASK_RAW(s, method, {"username", "known"}, first, second);
    unknown = ASK_RAW(s, method, {"username", "unknown"}, first, second);
    err = known.err;
    if (known.err != unknown.err)
        fail_msg("%s: %s for the known, %s for the unknown", method, err_name(known.err),
                 err_name(unknown.err));
    assert_int_equal(known.raw.n, unknown.raw.n);
    assert_memory_equal(known.raw.p, unknown.raw.p, known.raw.n);
    answer_free(&known);
    answer_free(&unknown);
    return err;
}

#include "rpc/error_wire.h"

#include "rpc/wire.h"

#include <twofold/v1/error.pb-c.h>

static const struct {
    Twofold__V1__Error__Reason reason;
    const char *code, *stat;
} rows[] = {[ERR_OK] = {TWOFOLD__V1__ERROR__REASON__REASON_UNSPECIFIED, "200", "200:OK"},
#define X(name, code, text) \
    [ERR_##name] = {TWOFOLD__V1__ERROR__REASON__##name, #code, #code ":" #name},
            ERR_LIST(X)
#undef X
};

const char *error_code_text(enum err err)
{
    return rows[err].code;
}

const char *error_stat_text(enum err err)
{
    return rows[err].stat;
}

enum err error_encode(enum err err, const struct fault *fault, struct arena *arena,
                      struct bytes *ret_body)
{
    Twofold__V1__Error__Violation violations[FAULT_VIOLATIONS_MAX];
    Twofold__V1__Error__Violation *list[FAULT_VIOLATIONS_MAX];
    Twofold__V1__Error body;

    twofold__v1__error__init(&body);
    body.reason = rows[err].reason;
    body.message = wire_borrow(err_text(err));
    body.retry_after_seconds = fault->retry_after_s;
    body.attempts_left = fault->attempts_left;
    for (unsigned i = 0; i < fault->n; i++) {
        twofold__v1__error__violation__init(&violations[i]);
        violations[i].field = wire_borrow(fault->at[i].field);
        violations[i].rule = wire_borrow(fault->at[i].rule);
        list[i] = &violations[i];
    }
    body.n_violations = fault->n;
    body.violations = fault->n ? list : NULL;
    return wire_encode(&body.base, arena, ret_body);
}

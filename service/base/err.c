#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    uint16_t code;
    const char *text;
} errors[] = {[ERR_OK] = {"OK", 200, "Done."},
#define X(name, code, text) [ERR_##name] = {#name, code, text},
              ERR_LIST(X)
#undef X
};

static size_t index_of(enum err err)
{
    return (size_t)err < ARRAY_LEN(errors) ? (size_t)err : (size_t)ERR_INTERNAL;
}

const char *err_name(enum err err)
{
    return errors[index_of(err)].name;
}

uint16_t err_code(enum err err)
{
    return errors[index_of(err)].code;
}

const char *err_text(enum err err)
{
    return errors[index_of(err)].text;
}

void fault_add(struct fault *f, const char *field, const char *rule)
{
    if (f->n < FAULT_VIOLATIONS_MAX)
        f->at[f->n++] = (struct violation){.field = field, .rule = rule};
}

void diag_set(struct diag *d, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(d->text, sizeof d->text, fmt, args);
    va_end(args);
}

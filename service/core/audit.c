#include "core/audit.h"

#include <assert.h>

const char *audit_type_text(enum audit_type type)
{
    static const char *const text[AUDIT_TYPES] = {
#define X(name, type_text) [AUDIT_##name] = type_text,
        AUDIT_TYPE_LIST(X)
#undef X
    };

    assert((size_t)type < ARRAY_LEN(text));
    return text[type];
}

void audit_add(struct audit_facts *f, struct audit_fact fact)
{
    assert(f->n < AUDIT_FACTS_MAX);
    f->at[f->n++] = fact;
}

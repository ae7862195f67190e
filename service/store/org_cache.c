#include "store/org_cache.h"

/* FNV-1a: spreads names that differ in their last characters only. */
static unsigned slot_of(const char *name)
{
    uint32_t hash = 2166136261U;

    for (const char *s = name; *s; s++)
        hash = (hash ^ (uint8_t)*s) * 16777619U;
    return (hash >> 16) % ORG_CACHE_SLOTS;
}

const struct org *org_cache_find(const struct org_cache *c, const char *name)
{
    unsigned slot = slot_of(name);

    return *name && strcmp(c->at[slot].name, name) == 0 ? &c->at[slot].org : NULL;
}

void org_cache_keep(struct org_cache *c, const char *name, const struct org *org)
{
    unsigned slot = slot_of(name);
    size_t n = strlen(name);

    if (n > ORG_MAX)
        return;
    memcpy(c->at[slot].name, name, n + 1);
    c->at[slot].org = *org;
}

/* What a transaction remembers of organizations. */
#include "store/org_cache.h"

#include "support/runner.h"

enum { NAMES = 200 };

static struct org org_of(uint64_t version)
{
    return (struct org){.exists = true, .policy = policy_default(), .policy_version = version};
}

static void name_of(unsigned i, char ret_name[static ORG_MAX + 1])
{
    snprintf(ret_name, ORG_MAX + 1, "o%u", i);
}

static void nothing_is_found_at_first(void **state)
{
    static const struct org_cache cache;

    (void)state;
    assert_null(org_cache_find(&cache, "acme"));
    assert_null(org_cache_find(&cache, ""));
}

/* Another one may have taken its place; then nothing is found, but never the other one. */
static void what_is_found_is_what_was_kept_last(void **state)
{
    struct org_cache cache = {0};
    uint64_t last[NAMES] = {0};
    char name[ORG_MAX + 1];
    unsigned found = 0;

    (void)state;
    for (unsigned round = 1; round < 5000; round++) {
        unsigned kept = round * 7919 % NAMES, asked = round * 104729 % NAMES;
        const struct org *o;

        name_of(kept, name);
        last[kept] = round;
        org_cache_keep(&cache, name, &(const struct org){.exists = true, .policy_version = round});
        assert_int_equal(org_cache_find(&cache, name)->policy_version, round);
        name_of(asked, name);
        o = org_cache_find(&cache, name);
        found += o != NULL;
        assert_true(!o || o->policy_version == last[asked]);
    }
    assert_true(found > 50);
}

static void a_name_that_begins_alike_is_another(void **state)
{
    struct org_cache cache = {0};
    const struct org o = org_of(1);

    (void)state;
    org_cache_keep(&cache, "acme", &o);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[ORG_MAX + 1];

        snprintf(name, sizeof name, "acme%u", i);
        assert_null(org_cache_find(&cache, name));
    }
    assert_non_null(org_cache_find(&cache, "acme"));
}

static void the_longest_name_is_kept_and_no_longer_one(void **state)
{
    struct org_cache cache = {0};
    const struct org o = org_of(1);
    char name[ORG_MAX + 2];

    (void)state;
    memset(name, 'x', sizeof name);
    name[ORG_MAX + 1] = '\0';
    org_cache_keep(&cache, name, &o);
    assert_null(org_cache_find(&cache, name));
    name[ORG_MAX] = '\0';
    org_cache_keep(&cache, name, &o);
    assert_non_null(org_cache_find(&cache, name));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_found_at_first),
    cmocka_unit_test(what_is_found_is_what_was_kept_last),
    cmocka_unit_test(a_name_that_begins_alike_is_another),
    cmocka_unit_test(the_longest_name_is_kept_and_no_longer_one),
};

RUN(tests)

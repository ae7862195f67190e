#include "checked.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void keep(const struct audit_finding *f, void *ctx)
{
    struct checked *c = ctx;
    struct told *told = &c->told[c->n++];

    assert_true(c->n <= CHECKED_MAX);
    *told = (struct told){.kind = f->kind,
                          .first = f->first,
                          .last = f->last,
                          .at = f->at,
                          .other = f->other,
                          .count = f->count,
                          .at_is_false = f->at_is_false,
                          .other_is_false = f->other_is_false,
                          .excuse = f->excuse};
    snprintf(told->org, sizeof told->org, "%s", f->org ? f->org : "");
    snprintf(told->username, sizeof told->username, "%s", f->username ? f->username : "");
}

static void trust(struct audit_check *check, const struct made_trail *ends, unsigned knowledge)
{
    uint8_t key[32];

    for (uint32_t id = 1; id <= 2; id++) {
        made_public_key(id, key);
        if (knowledge & (id == 1 ? KNOW_KEY : KNOW_OLD))
            assert_true(
                audit_check_trust_key(check, &(struct audit_key){.id = id, .public_key = key}));
    }
    for (size_t i = 0; i < ends->n_chains && (knowledge & KNOW_ENDS); i++) {
        const struct made_chain *c = &ends->chains[i];
        struct audit_end end = {.org = c->org, .sequence = c->sequence, .digest = c->digest};

        if (c->username[0] == '\0')
            assert_true(audit_check_expect_end(check, &end));
    }
}

void checked_run(const struct made_trail *t, const struct made_trail *ends, unsigned knowledge,
                 struct checked *ret)
{
    struct audit_teller teller = {.tell = keep, .ctx = ret};
    auto_audit_check *check = audit_check_new((knowledge & BEGIN_LATE) != 0, teller);

    assert_non_null(check);
    ret->n = 0;
    trust(check, ends, knowledge);
    for (size_t i = 0; i < t->n; i++) {
        struct audit_message m = {.data = t->events[i].data, .n = t->events[i].n, .at = i + 1};

        if (m.n > 0)
            assert_true(audit_check_add(check, &m));
    }
    assert_true(audit_check_judge(check));
    audit_check_count(check, &ret->counts);
    assert_int_equal(ret->counts.findings, ret->n);
}

const struct told *checked_find(const struct checked *c, enum audit_finding_kind kind,
                                const char *username, uint64_t sequence)
{
    for (const struct told *f = c->told; f < c->told + c->n; f++)
        if (f->kind == kind && strcmp(f->username, username) == 0 && f->first <= sequence &&
            sequence <= f->last)
            return f;
    return NULL;
}

void checked_show(const struct checked *c)
{
    for (const struct told *f = c->told; f < c->told + c->n; f++)
        fprintf(stderr,
                "  %s: %s/%s %" PRIu64 "..%" PRIu64 " at %" PRIu64 " other %" PRIu64
                " count %" PRIu64 "%s%s\n",
                audit_finding_name(f->kind), f->org, f->username, f->first, f->last, f->at,
                f->other, f->count, f->at_is_false ? " at is false" : "",
                f->other_is_false ? " other is false" : "");
}

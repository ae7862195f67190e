/*
 * What a trusted checkpoint signs is proven, and with it all that came before in the same chain,
 * since each event carries the digest of the one before. An anchor does the same for the
 * organization's chain. A checkpoint whose key nobody gave is as good as any other when something
 * later proves its bytes: keys get retired, and their signatures stay.
 */
#include "audit_check_parts.h"

#include <stdlib.h>
#include <string.h>

/* From R back; stops where it has been before. */
static void prove(struct audit_check *check, uint32_t r)
{
    while (r != NO_INDEX && !check->records[r].proven) {
        check->records[r].proven = true;
        r = check->records[r].parent;
    }
}

static struct org *org_of(const struct audit_check *check, uint32_t chain)
{
    return &check->orgs[check->chains[chain].org_index];
}

/* The record with the lowest number in the chain, or where it would be. */
static size_t first_record(const struct audit_check *check, uint32_t chain)
{
    size_t low = 0, high = check->n_records.n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (check->records[middle].chain < chain)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* An anchor from before the beginning says nothing about the end. */
static bool end_lies_before(const struct audit_check *check, const struct head *end)
{
    size_t first = first_record(check, end->chain);

    return check->starts_anywhere && first < check->n_records.n &&
           check->records[first].chain == end->chain &&
           check->records[first].sequence > end->sequence;
}

static void prove_ends(struct audit_check *check)
{
    for (size_t i = 0; i < check->n_ends.n; i++) {
        const struct head *end = &check->ends[i];
        uint32_t r = record_find(check, end->chain, end->sequence, end->digest);
        struct org *org = org_of(check, end->chain);

        org->has_end = org->has_end || end->is_seen || !end_lies_before(check, end);
        prove(check, r);
        if (r != NO_INDEX && check->records[r].at > org->signed_to)
            org->signed_to = check->records[r].at;
    }
}

/* The newest first: each may prove the one before it. */
static int compare_checkpoints(const void *one, const void *two)
{
    const struct checkpoint *a = one, *b = two;

    if (a->sequence != b->sequence)
        return a->sequence > b->sequence ? -1 : 1;
    return 0;
}

/* The checkpoint has moved to place I. */
static void heads_follow(struct audit_check *check, uint32_t i)
{
    const struct checkpoint *c = &check->checkpoints[i];

    for (uint32_t k = 0; k < c->n_heads; k++)
        check->heads[c->first_head + k].checkpoint = i;
}

static uint32_t head_record(const struct audit_check *check, const struct head *head)
{
    return record_find(check, head->chain, head->sequence, head->digest);
}

/* Its own bytes are not all signed: only a later one can prove them. */
static void checkpoint_prove(struct audit_check *check, uint32_t i)
{
    struct checkpoint *c = &check->checkpoints[i];
    struct org *org = org_of(check, c->chain);
    uint32_t r = record_find(check, c->chain, c->sequence, c->digest);

    if (c->trust == TRUST_UNKNOWN_KEY && check->records[r].proven)
        c->trust = TRUST_GOOD;
    if (c->trust != TRUST_GOOD)
        return;
    prove(check, check->records[r].parent);
    for (uint32_t k = 0; k < c->n_heads; k++)
        prove(check, head_record(check, &check->heads[c->first_head + k]));
    if (c->at > org->signed_to)
        org->signed_to = c->at;
    org->first_trust = i;
}

/* Is HEAD older than where the reading began, for all that is known? Only the oldest checkpoint in
 * reach can name such events, as what a later one names has happened since; and not of a chain that
 * has events before that checkpoint which lead nowhere else. */
static bool may_lie_before(const struct audit_check *check, const struct head *head)
{
    if (!check->starts_anywhere || org_of(check, head->chain)->first_trust != head->checkpoint)
        return false;
    for (size_t i = first_record(check, head->chain); i < check->n_records.n; i++) {
        const struct record *r = &check->records[i];

        if (r->chain != head->chain || r->sequence >= head->sequence)
            break;
        if (!r->proven && r->sequence > 0 && r->at < check->checkpoints[head->checkpoint].at)
            return false;
    }
    return true;
}

static bool head_is_missing(const struct audit_check *check, const struct head *head)
{
    return check->checkpoints[head->checkpoint].trust == TRUST_GOOD &&
           head_record(check, head) == NO_INDEX && !may_lie_before(check, head);
}

/* What was seen and is not among the records was before the beginning. */
static bool end_is_missing(const struct audit_check *check, const struct head *end)
{
    return !end->is_seen && !end_lies_before(check, end);
}

int heads_compare(const void *one, const void *two)
{
    const struct head *a = one, *b = two;

    if (a->chain != b->chain)
        return a->chain < b->chain ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return memcmp(a->digest, b->digest, sizeof a->digest);
}

static bool keep_missing(struct audit_check *check)
{
    size_t kept = 0;

    for (size_t i = 0; i < check->n_heads.n; i++)
        if (head_is_missing(check, &check->heads[i]))
            check->heads[kept++] = check->heads[i];
    check->n_heads.n = kept;
    for (size_t i = 0; i < check->n_ends.n; i++) {
        if (!end_is_missing(check, &check->ends[i]))
            continue;
        if (!grow(&check->heads, &check->n_heads, sizeof *check->heads))
            return false;
        check->heads[check->n_heads.n++] = check->ends[i];
    }
    if (check->n_heads.n > 1)
        qsort(check->heads, check->n_heads.n, sizeof *check->heads, heads_compare);
    return true;
}

bool records_prove(struct audit_check *check)
{
    prove_ends(check);
    if (check->n_checkpoints.n > 1)
        qsort(check->checkpoints, check->n_checkpoints.n, sizeof *check->checkpoints,
              compare_checkpoints);
    for (uint32_t i = 0; i < check->n_checkpoints.n; i++)
        heads_follow(check, i);
    for (uint32_t i = 0; i < check->n_checkpoints.n; i++)
        checkpoint_prove(check, i);
    return keep_missing(check);
}

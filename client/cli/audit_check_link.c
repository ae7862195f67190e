#include "audit_check_parts.h"

#include <stdlib.h>
#include <string.h>

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* By chain and number; copies stand side by side, in the order they were read. */
static int compare_records(const void *one, const void *two)
{
    const struct record *a = one, *b = two;
    int order = compare_numbers(a->chain, b->chain);

    if (order == 0)
        order = compare_numbers(a->sequence, b->sequence);
    if (order == 0)
        order = memcmp(a->digest, b->digest, sizeof a->digest);
    return order ? order : compare_numbers(a->at, b->at);
}

static int compare_place(const struct record *r, uint32_t chain, uint64_t sequence,
                         const uint8_t digest[static AUDIT_DIGEST_BYTES])
{
    int order = compare_numbers(r->chain, chain);

    if (order == 0)
        order = compare_numbers(r->sequence, sequence);
    return order ? order : memcmp(r->digest, digest, AUDIT_DIGEST_BYTES);
}

uint32_t record_find(const struct audit_check *check, uint32_t chain, uint64_t sequence,
                     const uint8_t digest[static AUDIT_DIGEST_BYTES])
{
    size_t low = 0, high = check->n_records.n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_place(&check->records[middle], chain, sequence, digest) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == check->n_records.n ||
        compare_place(&check->records[low], chain, sequence, digest) != 0)
        return NO_INDEX;
    return (uint32_t)low;
}

static void mark_copies(struct audit_check *check)
{
    for (size_t i = 1; i < check->n_records.n; i++) {
        const struct record *before = &check->records[i - 1];
        struct record *r = &check->records[i];

        r->is_copy = compare_place(before, r->chain, r->sequence, r->digest) == 0;
    }
}

void records_link(struct audit_check *check)
{
    if (check->n_records.n > 1)
        qsort(check->records, check->n_records.n, sizeof *check->records, compare_records);
    mark_copies(check);
    for (size_t i = 0; i < check->n_records.n; i++) {
        struct record *r = &check->records[i];

        if (r->sequence > 1 && !r->is_copy)
            r->parent = record_find(check, r->chain, r->sequence - 1, r->previous);
        if (r->parent != NO_INDEX)
            check->records[r->parent].child = (uint32_t)i; /* one of them, for now */
    }
}

#include "audit_check_judge.h"

#include <stdlib.h>

/* ---- what is signed ---- */

static bool was_told(const struct judge *j, uint64_t sequence)
{
    size_t low = 0, high = j->n_told.n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (j->told[middle].last < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low < j->n_told.n && j->told[low].first <= sequence;
}

/* A record of that number, if there is one. */
static const struct record *record_of(const struct judge *j, uint64_t sequence)
{
    size_t low = j->low, high = j->high;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (record_at(j, middle)->sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low < j->high && record_at(j, low)->sequence == sequence ? record_at(j, low) : NULL;
}

static uint64_t source_of(const struct judge *j, const struct head *head)
{
    return head->checkpoint == NO_INDEX ? 0 : j->check->checkpoints[head->checkpoint].at;
}

static void tell_missing_head(struct judge *j, const struct head *head)
{
    const struct record *r = head->sequence > 0 ? record_of(j, head->sequence) : NULL;

    if (was_told(j, head->sequence))
        return;
    judge_tell(j, (struct audit_finding){r ? AUDIT_FINDING_SIGNED_OTHER : AUDIT_FINDING_GAP,
                                         .first = head->sequence, .last = head->sequence,
                                         .at = r ? r->at : 0, .other = source_of(j, head)});
}

/* The heads beyond the chain's last event: everything up to the highest is missing. */
static void tell_tail(struct judge *j, size_t first_head, uint64_t last_there)
{
    const struct head *last = &j->check->heads[j->heads_high - 1];
    uint64_t first = last_there + 1;

    if (last_there == 0 && j->check->starts_anywhere)
        first = j->check->heads[first_head].sequence;
    judge_tell(j, (struct audit_finding){
                      last->checkpoint == NO_INDEX ? AUDIT_FINDING_END : AUDIT_FINDING_GAP,
                      .first = first, .last = last->sequence, .other = source_of(j, last)});
}

/* False: the end of the chain is not there. */
static bool judge_heads(struct judge *j)
{
    uint64_t last = j->high > j->low ? record_at(j, j->high - 1)->sequence : 0;

    for (size_t i = j->head; i < j->heads_high; i++) {
        const struct head *head = &j->check->heads[i];

        if (head->sequence > last) {
            tell_tail(j, i, last);
            return false;
        }
        tell_missing_head(j, head);
    }
    return true;
}

/* The end I of a line: what no checkpoint signs, though newer ones are there, was put in. */
static void judge_end(struct judge *j, uint32_t i)
{
    const struct org *org = &j->check->orgs[j->check->chains[j->chain].org_index];
    struct audit_finding f = {.kind = AUDIT_FINDING_UNCOVERED};
    bool found = false;

    for (; i != NO_INDEX && !record_at(j, i)->proven; i = record_at(j, i)->parent) {
        const struct record *r = record_at(j, i);

        if (r->at >= org->signed_to)
            continue;
        f.first = r->sequence;
        f.last = found ? f.last : r->sequence;
        f.at = r->at;
        found = true;
    }
    if (found)
        judge_tell(j, f);
}

static void judge_ends(struct judge *j)
{
    for (size_t i = j->low; i < j->high; i++) {
        const struct record *r = record_at(j, i);

        if (r->child == NO_INDEX && !r->aside && !r->is_copy)
            judge_end(j, (uint32_t)i);
    }
}

static void count_after_end(struct judge *j)
{
    struct org *org = &j->check->orgs[j->check->chains[j->chain].org_index];

    for (size_t i = j->low; i < j->high; i++) {
        const struct record *r = record_at(j, i);

        org->after_end += !r->proven && !r->is_copy && r->at > org->signed_to;
    }
}

/* ---- the whole ---- */

static bool judge_chain(struct judge *j)
{
    while (j->high < j->check->n_records.n && record_at(j, j->high)->chain == j->chain)
        j->high++;
    while (j->heads_high < j->check->n_heads.n && j->check->heads[j->heads_high].chain == j->chain)
        j->heads_high++;
    j->n_open.n = j->n_told.n = 0;
    j->newest_start = 0;
    j->oldest_start = UINT64_MAX;
    j->oldest_start_ms = INT64_MAX;
    j->began_late = false;
    if (!judge_lines(j))
        return false;
    judge_lives(j);
    if (judge_heads(j))
        judge_ends(j);
    count_after_end(j);
    j->low = j->high;
    j->head = j->heads_high;
    return true;
}

static bool chains_judge(struct audit_check *check)
{
    struct judge j = {.check = check};
    bool ok = true;

    for (; ok && j.chain < check->n_chains.n; j.chain++)
        ok = judge_chain(&j);
    free(j.open);
    free(j.told);
    return ok;
}

/* Checkpoints whose signature nobody can judge, and nothing later proves. */
static void judge_keys(struct audit_check *check)
{
    struct audit_finding none = {.kind = AUDIT_FINDING_NO_KEYS};

    for (size_t i = 0; i < check->n_checkpoints.n; i++) {
        const struct checkpoint *c = &check->checkpoints[i];
        struct audit_finding f = finding_of(check, AUDIT_FINDING_UNKNOWN_KEY, c->chain);

        if (c->trust != TRUST_UNKNOWN_KEY)
            continue;
        none.count++;
        f.first = f.last = c->sequence;
        f.at = c->at;
        f.count = c->key_id;
        if (check->n_keys.n > 0)
            tell(check, &f);
    }
    if (none.count > 0 && check->n_keys.n == 0)
        tell(check, &none);
}

/* What is cut off at the end shows only to those who know where it was. */
static void judge_unproven_ends(struct audit_check *check)
{
    struct audit_finding nothing = {.kind = AUDIT_FINDING_UNPROVEN_END};

    for (size_t i = 0; i < check->n_orgs.n; i++) {
        const struct org *org = &check->orgs[i];
        struct audit_finding f = finding_of(check, AUDIT_FINDING_UNPROVEN_END, org->chain);

        f.at = org->signed_to;
        f.count = org->after_end;
        if (!org->has_end)
            tell(check, &f);
    }
    if (check->n_orgs.n == 0)
        tell(check, &nothing);
}

bool audit_check_judge(struct audit_check *check)
{
    records_link(check);
    if (!records_prove(check) || !chains_judge(check))
        return false;
    judge_keys(check);
    judge_unproven_ends(check);
    return true;
}

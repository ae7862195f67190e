/*
 * A chain that is whole is one line: each event's parent is there, and has no other child. A user
 * who was deleted may come again: then the chain has several lives, each a line from number 1 to
 * user.deleted, the last one excepted.
 *
 * What breaks a line leaves two ends: an event without its parent, and further down one without a
 * child. They are put together again, the highest open end below first, and the kind of break is
 * what lies between: nothing, then one of the two was changed; or numbers, then they are missing.
 */
#include "audit_check_judge.h"

#include <string.h>

enum { OPEN_LOOK_MAX = 32 };

/* ---- findings ---- */

/* What the service says of itself does not make the trail whole, but tells where to look. */
static void add_excuse(const struct audit_check *check, struct audit_finding *f)
{
    bool lost = f->kind == AUDIT_FINDING_GAP || f->kind == AUDIT_FINDING_END;
    uint64_t at = lost ? check->dropped_at : check->restored_at;

    f->excuse = at == 0 ? EXCUSE_NONE : lost ? EXCUSE_DROPPED : EXCUSE_RESTORED;
    f->excuse_at = at;
}

void judge_tell(struct judge *j, struct audit_finding f)
{
    struct audit_finding whole = finding_of(j->check, f.kind, j->chain);

    f.org = whole.org;
    f.username = whole.username;
    if (f.kind != AUDIT_FINDING_DUPLICATE)
        add_excuse(j->check, &f);
    tell(j->check, &f);
}

static bool remember(struct judge *j, uint64_t first, uint64_t last)
{
    if (!grow(&j->told, &j->n_told, sizeof *j->told))
        return false;
    j->told[j->n_told.n++] = (struct range){first, last};
    return true;
}

static bool tell_gap(struct judge *j, uint64_t first, uint64_t last)
{
    judge_tell(j, (struct audit_finding){AUDIT_FINDING_GAP, .first = first, .last = last});
    return remember(j, first, last);
}

/* RIGHT and FALSE_ONE stand for the same number; which is which only a signature can say. */
static void tell_fork(struct judge *j, const struct record *right, const struct record *false_one)
{
    judge_tell(j, (struct audit_finding){AUDIT_FINDING_FORK, .first = false_one->sequence,
                                         .last = false_one->sequence, .at = false_one->at,
                                         .other = right->at,
                                         .at_is_false = right->proven && !false_one->proven});
}

/* BEFORE is not what AFTER follows, though the numbers do. */
static bool tell_changed(struct judge *j, const struct record *before, const struct record *after)
{
    judge_tell(j,
               (struct audit_finding){AUDIT_FINDING_CHANGED, .first = before->sequence,
                                      .last = after->sequence, .at = after->at, .other = before->at,
                                      .at_is_false = before->proven && !after->proven,
                                      .other_is_false = after->proven && !before->proven});
    return remember(j, before->sequence, after->sequence);
}

/* ---- lines ---- */

/* Of two children: that which is signed, then that which goes on, then that which came first. */
static bool is_better(const struct record *a, const struct record *b)
{
    if (a->proven != b->proven)
        return a->proven;
    if ((a->child == NO_INDEX) != (b->child == NO_INDEX))
        return b->child == NO_INDEX;
    return a->at < b->at;
}

static void choose_children(struct judge *j)
{
    for (size_t i = j->low; i < j->high; i++) {
        const struct record *r = record_at(j, i);
        struct record *parent = r->parent == NO_INDEX ? NULL : record_at(j, r->parent);

        if (parent && is_better(r, record_at(j, parent->child)))
            parent->child = (uint32_t)i;
    }
}

static void follow_parent(struct judge *j, uint32_t i)
{
    struct record *r = record_at(j, i), *parent = record_at(j, r->parent);

    r->start = parent->start;
    r->aside = parent->aside || parent->child != i;
    if (parent->child != i)
        tell_fork(j, record_at(j, parent->child), r);
}

static void begin_life(struct judge *j, uint32_t i)
{
    struct record *r = record_at(j, i);

    r->start = i;
    if (r->at > j->newest_start) {
        j->newest_start = r->at;
        j->newest_start_ms = r->time_ms;
    }
    if (r->at < j->oldest_start) {
        j->oldest_start = r->at;
        j->oldest_start_ms = r->time_ms;
    }
}

static bool stands(const struct record *r)
{
    return !r->aside && !r->is_copy;
}

/* A record of the same number that is not put aside, and is no copy. What lies below the first of
 * them is never looked at again: there may be a million, all false. */
static struct record *rival(struct judge *j, size_t i)
{
    uint64_t sequence = record_at(j, i)->sequence;
    size_t k;

    while (!stands(record_at(j, j->standing)))
        j->standing++;
    for (k = j->standing; k < j->high && record_at(j, k)->sequence == sequence; k++)
        if (k != i && stands(record_at(j, k)))
            return record_at(j, k);
    return NULL;
}

/* Nothing below record I is open. */
static bool stand_alone(struct judge *j, uint32_t i)
{
    struct record *r = record_at(j, i), *other = rival(j, i);
    if (other && !(other->proven && r->proven)) { /* both signed: of two lives */
        r->aside = true;
        tell_fork(j, other, r);
        return true;
    }
    begin_life(j, i);
    return tell_gap(j, 1, r->sequence - 1);
}

/* Signed both, and yet the one does not follow the other: they are of two lives. */
static bool are_strangers(const struct record *before, const struct record *after)
{
    return before->proven && after->proven && before->sequence + 1 == after->sequence;
}

/* Which open record did R most likely follow? The last one read before it, as one life follows the
 * other; else the highest. Looks at a few only: many open ones are an attacker's. NO_INDEX: none.
 */
static size_t choose_open(const struct judge *j, const struct record *r)
{
    size_t n = j->n_open.n, lowest = n > OPEN_LOOK_MAX ? n - OPEN_LOOK_MAX : 0, best = NO_INDEX;
    uint64_t best_at = 0;

    for (size_t k = lowest; k < n; k++) {
        const struct record *before = record_at(j, j->open[k]);
        uint64_t at = before->at < r->at ? before->at : 0;

        if (at < best_at || are_strangers(before, r))
            continue;
        best = k;
        best_at = at;
    }
    return best;
}

static struct record *take_open(struct judge *j, size_t which)
{
    uint32_t taken = j->open[which];

    memmove(&j->open[which], &j->open[which + 1], (j->n_open.n - 1 - which) * sizeof *j->open);
    j->n_open.n--;
    return record_at(j, taken);
}

/* Reading starts at one place, so one line of a chain can have its beginning before that; and by
 * both place and time it is the oldest, as whoever changes the order could make a beginning of
 * anything. */
static bool may_begin(const struct judge *j, const struct record *r)
{
    return j->check->starts_anywhere && !j->began_late && r->at < j->oldest_start &&
           r->time_ms <= j->oldest_start_ms;
}

/* Record I has lost its parent. */
static bool join(struct judge *j, uint32_t i)
{
    struct record *r = record_at(j, i), *before;
    size_t which = choose_open(j, r);

    if (may_begin(j, r)) {
        j->began_late = true;
        begin_life(j, i);
        return true;
    }
    if (which == NO_INDEX)
        return stand_alone(j, i);
    before = take_open(j, which);
    before->child = i;
    r->start = before->start;
    if (before->sequence + 1 == r->sequence)
        return tell_changed(j, before, r);
    return tell_gap(j, before->sequence + 1, r->sequence - 1);
}

static bool is_orphan(const struct record *r)
{
    return r->sequence > 1 && r->parent == NO_INDEX && !r->is_copy;
}

/* Those of them that are PROVEN, or those that are not. */
static bool join_orphans(struct judge *j, size_t low, size_t high, bool proven)
{
    for (size_t i = low; i < high; i++)
        if (is_orphan(record_at(j, i)) && record_at(j, i)->proven == proven &&
            !join(j, (uint32_t)i))
            return false;
    return true;
}

static void tell_copy(struct judge *j, size_t i)
{
    const struct record *r = record_at(j, i);

    judge_tell(j, (struct audit_finding){AUDIT_FINDING_DUPLICATE, .first = r->sequence,
                                         .last = r->sequence, .at = r->at,
                                         .other = record_at(j, i - 1)->at});
}

static bool leave_open(struct judge *j, size_t i)
{
    const struct record *r = record_at(j, i);

    if (r->sequence == 0 || r->child != NO_INDEX || r->aside || r->is_copy || r->is_deletion)
        return true;
    if (!grow(&j->open, &j->n_open, sizeof *j->open))
        return false;
    j->open[j->n_open.n++] = (uint32_t)i;
    return true;
}

/* The records LOW to HIGH, which are all of one number. */
static bool judge_number(struct judge *j, size_t low, size_t high)
{
    bool ok;

    j->standing = low;
    for (size_t i = low; i < high; i++) {
        const struct record *r = record_at(j, i);

        if (r->is_copy)
            tell_copy(j, i);
        else if (r->parent != NO_INDEX)
            follow_parent(j, (uint32_t)i);
        else if (r->sequence == 1)
            begin_life(j, (uint32_t)i);
    }
    ok = join_orphans(j, low, high, true) && join_orphans(j, low, high, false);
    for (size_t i = low; ok && i < high; i++)
        ok = leave_open(j, i);
    return ok;
}

bool judge_lines(struct judge *j)
{
    bool ok = true;

    choose_children(j);
    for (size_t low = j->low, high; ok && low < j->high; low = high) {
        for (high = low + 1; high < j->high; high++)
            if (record_at(j, high)->sequence != record_at(j, low)->sequence)
                break;
        ok = judge_number(j, low, high);
    }
    return ok;
}

/* Only the newest life may go on. */
void judge_lives(struct judge *j)
{
    for (size_t i = 0; i < j->n_open.n; i++) {
        const struct record *r = record_at(j, j->open[i]), *start = record_at(j, r->start);

        /* by both: a beginning that was sent again comes late, a clock may go back */
        if (start->at < j->newest_start && start->time_ms < j->newest_start_ms)
            judge_tell(j, (struct audit_finding){AUDIT_FINDING_UNENDED, .first = r->sequence,
                                                 .last = r->sequence, .at = r->at,
                                                 .other = j->newest_start});
    }
}

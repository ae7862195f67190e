#include "support/broken_store.h"

/* The store has one table of operations; this one stands in for it. */
static struct {
    const struct store_ops *real;
    unsigned calls, first, n;
    enum err err;
} broken;

static bool fails(void)
{
    broken.calls++;
    return broken.calls >= broken.first && broken.calls - broken.first < broken.n;
}

/* Beginning and ending are the store's alone: whatever happens there, it is no bug of ours. */
static bool transaction_fails(void)
{
    return fails() && broken.err != ERR_INTERNAL;
}

static enum err begin(struct store *s, struct store_txn **ret_txn)
{
    return transaction_fails() ? broken.err : broken.real->begin(s, ret_txn);
}

/* What fails here has written nothing, as a full disk would have it. */
static enum err commit(struct store_txn *t)
{
    if (!transaction_fails())
        return broken.real->commit(t);
    broken.real->abort(t);
    return broken.err;
}

static enum err load_org(struct store_txn *t, const char *name, struct org *ret)
{
    return fails() ? broken.err : broken.real->load_org(t, name, ret);
}

static enum err save_org(struct store_txn *t, const char *name, const struct org *org)
{
    return fails() ? broken.err : broken.real->save_org(t, name, org);
}

static enum err load_user(struct store_txn *t, const struct user_id *id, struct user *ret)
{
    return fails() ? broken.err : broken.real->load_user(t, id, ret);
}

static enum err open_password(struct store_txn *t, const struct user_id *id, struct user *user)
{
    return fails() ? broken.err : broken.real->open_password(t, id, user);
}

static enum err save_user(struct store_txn *t, const struct user_id *id, struct user *user)
{
    return fails() ? broken.err : broken.real->save_user(t, id, user);
}

static enum err erase_user(struct store_txn *t, const struct user_id *id)
{
    return fails() ? broken.err : broken.real->erase_user(t, id);
}

static enum err append_event(struct store_txn *t, struct bytes event)
{
    return fails() ? broken.err : broken.real->append_event(t, event);
}

static enum err load_retry(struct store_txn *t, const struct user_id *id, int64_t now_ms,
                           struct arena *arena, struct retry_answer *ret, bool *ret_found)
{
    return fails() ? broken.err : broken.real->load_retry(t, id, now_ms, arena, ret, ret_found);
}

static enum err save_retry(struct store_txn *t, const struct user_id *id,
                           const struct retry_answer *answer)
{
    return fails() ? broken.err : broken.real->save_retry(t, id, answer);
}

void store_break(struct service *s, unsigned first, unsigned n, enum err err)
{
    static struct store_ops ops;

    broken.real = s->store->ops;
    broken.calls = 0;
    broken.first = first;
    broken.n = n;
    broken.err = err;
    ops = *broken.real;
    ops.begin = begin;
    ops.commit = commit;
    ops.load_org = load_org;
    ops.save_org = save_org;
    ops.load_user = load_user;
    ops.open_password = open_password;
    ops.save_user = save_user;
    ops.erase_user = erase_user;
    ops.append_event = append_event;
    ops.load_retry = load_retry;
    ops.save_retry = save_retry;
    s->store->ops = &ops;
}

unsigned store_mend(struct service *s)
{
    s->store->ops = broken.real;
    return broken.calls;
}

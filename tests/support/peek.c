#include "support/peek.h"

#include "store/name_key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *org_of(const struct service *s)
{
    return s->org ? s->org : "default";
}

static struct store_txn *begin_txn(struct service *s)
{
    struct store_txn *txn = NULL;

    assert_int_equal(s->store->ops->begin(s->store, &txn), ERR_OK);
    return txn;
}

void peek_user(struct service *s, const char *username, struct user *ret)
{
    struct user_id id = {.org = org_of(s), .username = username};
    struct store_txn *txn = begin_txn(s);

    assert_int_equal(s->store->ops->load_user(txn, &id, ret), ERR_OK);
    assert_int_equal(s->store->ops->open_password(txn, &id, ret), ERR_OK);
    s->store->ops->abort(txn);
}

void poke_user(struct service *s, const char *username, struct user *user)
{
    struct user_id id = {.org = org_of(s), .username = username};
    struct store_txn *txn = begin_txn(s);

    assert_int_equal(s->store->ops->save_user(txn, &id, user), ERR_OK);
    assert_int_equal(s->store->ops->commit(txn), ERR_OK);
}

void peek_org(struct service *s, const char *name, struct org *ret)
{
    struct store_txn *txn = begin_txn(s);

    assert_int_equal(s->store->ops->load_org(txn, name, ret), ERR_OK);
    s->store->ops->abort(txn);
}

bool peek_retry(struct service *s, const char *username, int64_t at_ms)
{
    struct user_id id = {.org = org_of(s), .username = username};
    struct arena *arena = arena_new(REQUEST_ARENA_BYTES);
    struct store_txn *txn = begin_txn(s);
    struct retry_answer answer;
    bool found = false;

    assert_non_null(arena);
    assert_int_equal(s->store->ops->load_retry(txn, &id, at_ms, arena, &answer, &found), ERR_OK);
    s->store->ops->abort(txn);
    arena_free(arena);
    return found;
}

size_t peek_outbox(struct service *s, struct arena *arena, struct outbox_entry *ret, size_t max)
{
    size_t n = 0;

    assert_int_equal(s->store->ops->read_events(s->store, 0, arena, ret, max, &n), ERR_OK);
    assert_true(n < max);
    return n;
}

size_t peek_events(struct service *s)
{
    enum { MAX = 20000, BYTES = 64 * 1024 * 1024 };
    static struct outbox_entry entries[MAX];
    struct arena *arena = arena_new(BYTES);
    size_t n;

    assert_non_null(arena);
    n = peek_outbox(s, arena, entries, MAX);
    arena_free(arena);
    return n;
}

Twofold__V1__AuditEvent *peek_last_event(struct service *s)
{
    static Twofold__V1__AuditEvent *events[1024];
    size_t n = service_events(s, events, ARRAY_LEN(events));

    assert_true(n > 0);
    for (size_t i = 0; i + 1 < n; i++)
        twofold__v1__audit_event__free_unpacked(events[i], NULL);
    return events[n - 1];
}

unsigned peek_count(struct service *s, const char *type)
{
    static Twofold__V1__AuditEvent *events[1024];
    size_t n = service_events(s, events, ARRAY_LEN(events));
    unsigned count = 0;

    assert_true(n < ARRAY_LEN(events));
    for (size_t i = 0; i < n; i++) {
        count += strcmp(events[i]->type, type) == 0;
        twofold__v1__audit_event__free_unpacked(events[i], NULL);
    }
    return count;
}

/* --- Standing --- */

void peek_standing(struct service *s, const char *username, struct standing *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->events = peek_events(s);
    peek_user(s, username, &ret->user);
}

static void assert_same_lockout(const struct lockout *a, const struct lockout *b)
{
    assert_int_equal(a->failures, b->failures);
    assert_int_equal(a->until_s, b->until_s);
}

void assert_same_standing(const struct standing *before, const struct standing *after)
{
    const struct user *a = &before->user, *b = &after->user;

    assert_int_equal(before->events, after->events);
    assert_int_equal(a->exists, b->exists);
    assert_same_lockout(&a->password_lockout, &b->password_lockout);
    assert_same_lockout(&a->code_lockout, &b->code_lockout);
    assert_same_lockout(&a->recovery_lockout, &b->recovery_lockout);
    assert_int_equal(a->n_tokens, b->n_tokens);
    assert_int_equal(a->credential_version, b->credential_version);
    assert_int_equal(a->enrollment.state, b->enrollment.state);
    assert_int_equal(a->n_authenticators, b->n_authenticators);
    for (unsigned i = 0; i < a->n_authenticators; i++)
        assert_int_equal(a->authenticators[i].last_step, b->authenticators[i].last_step);
    assert_int_equal(user_recovery_left(a), user_recovery_left(b));
    assert_int_equal(a->chain.sequence, b->chain.sequence);
    assert_string_equal(a->password_phc, b->password_phc);
}

/* --- Rows --- */

void change_rows(struct service *s, row_change *change, void *ctx)
{
    struct tables_options options = {
        .folder = s->folder, .size_mb = s->size_mb, .unsafe_no_sync = true};
    enum tables_content content = TABLES_EMPTY;
    struct diag diag = {.text = ""};
    struct tables *tables = NULL;
    struct tables_txn *txn = NULL;

    service_close(s);
    assert_int_equal(tables_open(&options, &tables, &diag), ERR_OK);
    assert_int_equal(tables_begin_write(tables, &txn), ERR_OK);
    assert_int_equal(tables_attach(txn, &content), ERR_OK);
    assert_int_equal(content, TABLES_OURS);
    change(txn, ctx);
    assert_int_equal(tables_commit(txn), ERR_OK);
    tables_close(tables);
    service_open(s);
}

struct bytes user_row_key(const char *org, const char *username)
{
    static struct name_key key;

    assert_int_equal(name_key_of(org, username, &key), ERR_OK);
    return name_key_view(&key);
}

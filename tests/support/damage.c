#include "support/damage.h"

#include "store/row.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static struct bytes row_key_of(const struct damage *d)
{
    return user_row_key(d->org ? d->org : "default", d->who);
}

void read_row(struct tables_txn *t, void *ctx)
{
    struct damage *d = ctx;
    struct bytes row;

    assert_int_equal(table_get(t, TABLE_USERS, row_key_of(d), &row), ERR_OK);
    assert_true(row.n <= sizeof d->bytes);
    memcpy(d->bytes, row.p, row.n);
    d->n = row.n;
}

void write_row(struct tables_txn *t, void *ctx)
{
    const struct damage *d = ctx;

    assert_int_equal(table_put(t, TABLE_USERS, row_key_of(d), (struct bytes){d->bytes, d->n}),
                     ERR_OK);
}

void rewrite_row(struct tables_txn *t, void *ctx)
{
    const struct rewrite *r = ctx;
    const struct row_id id = {.kind = "user", .org = "default", .username = "ada"};
    struct codec codec = {.arena = arena_new(REQUEST_ARENA_BYTES)};
    struct keyring *keyring = NULL;
    struct diag diag = {.text = ""};
    ProtobufCMessage *message = NULL;
    struct bytes row;

    assert_int_equal(keyring_open(r->keyring_file, &keyring, &diag), ERR_OK);
    codec.keyring = keyring;
    assert_int_equal(table_get(t, TABLE_USERS, user_row_key("default", "ada"), &row), ERR_OK);
    assert_int_equal(row_decode(&codec, &id, row, &twofold__record__user__descriptor, &message),
                     ERR_OK);
    r->change((Twofold__Record__User *)message);
    assert_int_equal(row_encode(&codec, &id, message, &row), ERR_OK);
    assert_int_equal(table_put(t, TABLE_USERS, user_row_key("default", "ada"), row), ERR_OK);
    arena_free(codec.arena);
    keyring_free(keyring);
}

void opens_nothing(struct service *s, const struct enrolled *e)
{
    char code[OTP_DIGITS_MAX + 1];

    assert_int_equal(service_verify(s, "ada", app_code(&e->app, s, 0, code)), ERR_UNAVAILABLE);
    assert_int_equal(service_verify_recovery(s, "ada", e->codes[0]), ERR_UNAVAILABLE);
    EXPECT(ERR_UNAVAILABLE,
           ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", code}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.issue_step_token", {"username", "ada"}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "verification.get_status", {"username", "ada"}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.put_user", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.reset_second_factor", {"username", "ada"}));
}

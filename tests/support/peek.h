/*
 * What the store holds, past the service: for tests that must see that nothing was counted, kept or
 * written, and for those that damage it.
 */
#ifndef TWOFOLD_TESTS_SUPPORT_PEEK_H
#define TWOFOLD_TESTS_SUPPORT_PEEK_H

#include "base/arena.h"
#include "store/tables.h"
#include "support/service.h"

/* The stored user of s->org, or what is counted for one who does not exist. */
void peek_user(struct service *s, const char *username, struct user *ret);

/* Saves a user past all rules. */
void poke_user(struct service *s, const char *username, struct user *user);

void peek_org(struct service *s, const char *name, struct org *ret);

/* Does an answer for USERNAME lie in the database that had not expired at AT_MS? */
bool peek_retry(struct service *s, const char *username, int64_t at_ms);

/* The outbox as bytes, in ARENA; up to MAX. */
size_t peek_outbox(struct service *s, struct arena *arena, struct outbox_entry *ret, size_t max);
size_t peek_events(struct service *s);

/* The newest event; to be freed with the pb-c function. */
Twofold__V1__AuditEvent *peek_last_event(struct service *s);
/* How many events of TYPE there are. */
unsigned peek_count(struct service *s, const char *type);

/* Everything about a user and the trail that a refused request must leave as it is. */
struct standing {
    size_t events;
    struct user user;
};
void peek_standing(struct service *s, const char *username, struct standing *ret);
void assert_same_standing(const struct standing *before, const struct standing *after);

/* Rows of the tables: closes the service, lets CHANGE work in a write transaction, opens it again.
 */
typedef void row_change(struct tables_txn *t, void *ctx);
void change_rows(struct service *s, row_change *change, void *ctx);

/* The key of a user's row. */
struct bytes user_row_key(const char *org, const char *username);

#endif

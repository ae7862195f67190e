/* Kept answers: one a user, until it expires. Private to store/. */
#ifndef TWOFOLD_STORE_RETRIES_H
#define TWOFOLD_STORE_RETRIES_H

#include "core/user.h"
#include "store/tables.h"

/* The value kept for the user (record.h), or ERR_NOT_FOUND: none, or expired at NOW_MS. */
NODISCARD enum err retries_find(struct tables_txn *t, const struct user_id *id, int64_t now_ms,
                                struct bytes *ret_value);
NODISCARD enum err retries_put(struct tables_txn *t, const struct user_id *id, struct bytes value);
/* Erases those that expired at NOW_MS, two thousand at most; RET_NEXT_MS: when the next one will,
 * or has, or 0. Looks at no others. */
NODISCARD enum err retries_sweep(struct tables_txn *t, int64_t now_ms, int64_t *ret_next_ms);

/* Erases all of them, or those that are sealed under key ID. */
NODISCARD enum err retries_forget(struct tables_txn *t, const uint32_t *id);

#endif

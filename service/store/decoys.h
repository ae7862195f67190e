/* Password failures of users who do not exist, in a table of fixed size. Private to store/. */
#ifndef TWOFOLD_STORE_DECOYS_H
#define TWOFOLD_STORE_DECOYS_H

#include "store/record.h"
#include "store/tables.h"

/* What was counted under that name, or zero. */
NODISCARD enum err decoy_load(const struct codec *c, struct tables_txn *t, const struct user_id *id,
                              struct lockout *ret_lockout);
/* Replaces it; without failures the slot is emptied, if it is this name's. */
NODISCARD enum err decoy_save(const struct codec *c, struct tables_txn *t, const struct user_id *id,
                              const struct lockout *lockout);

/* Forgets all that was counted under key ID. */
NODISCARD enum err decoys_forget(struct tables_txn *t, uint32_t id);

#endif

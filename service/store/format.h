/*
 * What a database says about itself: its format, and the keys that are needed to read it. Private
 * to store/.
 *
 * meta/"check/<id>" is a check value of a key that has been active, so that rows may be under it.
 * The newest of them is the one that every process seals under, whatever its keyring file says: a
 * file in another place may be older. meta/"retired/<id>" is left of one that was retired: the
 * check value of its pepper, or nothing. meta/"keys" is a number that rises whenever these change:
 * a process that knows the number knows all keys that any row can be under. So a key is used only
 * in or after the transaction that raised the number for it.
 */
#ifndef TWOFOLD_STORE_FORMAT_H
#define TWOFOLD_STORE_FORMAT_H

#include "crypto/keyring.h"
#include "store/tables.h"

/*
 * In a new database writes the format and a check value for the active key of KEYRING. In an
 * existing one checks that this version knows the format and that KEYRING has every key that is
 * needed, the same ones; then has KEYRING use the newest key, and adds its check value if it is
 * new. Nothing is written before all checks passed. FOLDER is for RETERR, which says what to do.
 */
NODISCARD enum err format_check(struct tables *tables, struct keyring *keyring, const char *folder,
                                uint64_t *ret_generation, struct diag *reterr);

/* The part of format_check that only reads, for a database that nobody opens. */
NODISCARD enum err format_compare(struct tables_txn *t, const struct keyring *keyring,
                                  const char *folder, struct diag *reterr);

/* The number of the keys. */
NODISCARD enum err format_generation(struct tables_txn *t, uint64_t *ret_generation);

/* The part of format_check that is about keys, for a KEYRING that was read again. */
NODISCARD enum err format_follow(struct tables_txn *t, struct keyring *keyring, const char *folder,
                                 struct diag *reterr);

/* Raises the number: every process reads its keyring again before it goes on. */
NODISCARD enum err format_keys_changed(struct tables_txn *t);

/* Takes key ID off the list for good, but for its pepper if that is still needed; raises the
 * number. ERR_NOT_FOUND when the keyring lacks a pepper that is to be kept. */
NODISCARD enum err format_retire_key(struct tables_txn *t, const struct keyring *keyring,
                                     uint32_t id, bool keep_pepper);

#endif

/* What a database says about itself: its format, and which keys it was written under. Private to
 * store/. */
#ifndef TWOFOLD_STORE_FORMAT_H
#define TWOFOLD_STORE_FORMAT_H

#include "crypto/keyring.h"
#include "store/tables.h"

/*
 * In a new database writes the format and a check value for every key of KEYRING. In an existing
 * one checks that this version knows the format and that KEYRING has every key ever used here, the
 * same ones; then adds check values for new keys. Nothing is written before all checks passed.
 * FOLDER is for RETERR, which says what to do.
 */
NODISCARD enum err format_check(struct tables *tables, const struct keyring *keyring,
                                const char *folder, struct diag *reterr);

#endif

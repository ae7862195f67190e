/*
 * What operators do to the keyring file (format: keyring.h). Each change reads the file, checks it,
 * and replaces it by rename, synced: a reader, or a start after a crash, sees the old file or the
 * new one, whole. Changes at the same time wait for each other. Comments of the old file are lost.
 */
#ifndef TWOFOLD_CRYPTO_KEYRING_EDIT_H
#define TWOFOLD_CRYPTO_KEYRING_EDIT_H

#include "crypto/keyring.h"

enum { KEY_DATE_BYTES = sizeof "2026-11-22" };

enum key_state { KEY_READING, KEY_ACTIVE, KEY_PEPPER };

/* "active", "reading", "pepper". */
const char *key_state_word(enum key_state state);

/* A key without its bytes. */
struct key_summary {
    uint32_t id;
    enum key_state state;
    char date[KEY_DATE_BYTES]; /* when it was made */
};

/* Writes a new keyring with one active key (id 1) at PATH, mode 0600, synced to disk, never over an
 * existing file: another process that was faster is no error, its file stays. */
NODISCARD enum err keyring_create(const char *path, struct diag *reterr);

/* The same, but a file that is there already is refused: ERR_CONFLICT. */
NODISCARD enum err keyring_create_new(const char *path, struct diag *reterr);

/* The keys in the order of the file; RET_N <= KEYRING_KEYS_MAX. Errors as keyring_open. */
NODISCARD enum err keyring_list(const char *path,
                                struct key_summary ret_keys[static KEYRING_KEYS_MAX], size_t *ret_n,
                                struct diag *reterr);

/* Adds a key for reading, with an id above all others. ERR_EXHAUSTED when the file is full. */
NODISCARD enum err keyring_add(const char *path, uint32_t *ret_id, struct diag *reterr);

/* Makes ID the active key; the one that was active is kept for reading. ERR_NOT_FOUND when there is
 * no such key, or only its pepper. */
NODISCARD enum err keyring_activate(const char *path, uint32_t id, struct diag *reterr);

/* Removes key ID, or all of it but its pepper. ERR_NOT_FOUND as above; ERR_CONFLICT for the active
 * one. Removing a pepper is fine. */
NODISCARD enum err keyring_remove(const char *path, uint32_t id, bool keep_pepper,
                                  struct diag *reterr);

#endif

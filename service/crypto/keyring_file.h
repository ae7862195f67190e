/* The keyring file (format: keyring.h), read into root keys; keyring.c alone calls this. */
#ifndef TWOFOLD_CRYPTO_KEYRING_FILE_H
#define TWOFOLD_CRYPTO_KEYRING_FILE_H

#include "crypto/keyring.h"

enum { ROOT_KEY_BYTES = 32 };

struct keyring_entry {
    uint32_t id;
    bool active;
    uint8_t root[ROOT_KEY_BYTES];
};

struct keyring_file {
    size_t n;
    struct keyring_entry at[KEYRING_KEYS_MAX];
};

void keyring_file_wipe(struct keyring_file *file);
#define auto_keyring_file CLEANUP(keyring_file_wipe) struct keyring_file

/* Reads and checks PATH as keyring_open promises, with its errors. */
NODISCARD enum err keyring_file_read(const char *path, struct keyring_file *ret_file,
                                     struct diag *reterr);

#endif

/* The keyring file (format: keyring.h) as a list of keys. Private to crypto/. */
#ifndef TWOFOLD_CRYPTO_KEYRING_FILE_H
#define TWOFOLD_CRYPTO_KEYRING_FILE_H

#include "crypto/keyring.h"
#include "crypto/keyring_edit.h"

#define KEYRING_HEADER "twofold-keyring 1"

enum { ROOT_KEY_BYTES = 32, KEYRING_FILE_MAX = 16 * 1024 };

struct keyring_entry {
    uint32_t id;
    enum key_state state;
    char date[KEY_DATE_BYTES];
    uint8_t key[ROOT_KEY_BYTES]; /* the root key; of KEY_PEPPER the derived KEY_RECOVERY alone */
};

struct keyring_file {
    size_t n;
    struct keyring_entry at[KEYRING_KEYS_MAX];
};

void keyring_file_wipe(struct keyring_file *file);
#define auto_keyring_file CLEANUP(keyring_file_wipe) struct keyring_file

/* The key for PURPOSE that comes from ROOT. */
NODISCARD enum err keyring_derive(struct bytes root, enum key_purpose purpose,
                                  uint8_t ret_key[static ROOT_KEY_BYTES]);

/* Reads and checks PATH as keyring_open promises, with its errors. */
NODISCARD enum err keyring_file_read(const char *path, struct keyring_file *ret_file,
                                     struct diag *reterr);

#endif

#include "store/name_key.h"

enum err name_key_of(const char *org, const char *username, struct name_key *ret_key)
{
    size_t n_org = strlen(org), n_username = strlen(username);

    if (n_org > ORG_MAX || n_username > USERNAME_MAX)
        return ERR_INTERNAL;
    ret_key->n = n_org + 1 + n_username;
    memcpy(ret_key->bytes, org, n_org + 1);
    memcpy(ret_key->bytes + n_org + 1, username, n_username);
    return ERR_OK;
}

enum err name_key_behind(struct bytes key, struct name_key *ret_key)
{
    if (key.n >= sizeof ret_key->bytes)
        return ERR_UNAVAILABLE;
    if (key.n)
        memcpy(ret_key->bytes, key.p, key.n);
    ret_key->bytes[key.n] = 0;
    ret_key->n = key.n + 1;
    return ERR_OK;
}

bool name_key_names(struct bytes key, char ret_org[static ORG_MAX + 1],
                    char ret_username[static USERNAME_MAX + 1])
{
    const uint8_t *nul = key.n ? memchr(key.p, 0, key.n) : NULL;
    size_t n_org = nul ? (size_t)(nul - key.p) : key.n;
    size_t n_username = nul ? key.n - n_org - 1 : 0;

    if (n_org > ORG_MAX || n_username > USERNAME_MAX)
        return false;
    memcpy(ret_org, key.p, n_org);
    ret_org[n_org] = '\0';
    if (n_username)
        memcpy(ret_username, key.p + n_org + 1, n_username);
    ret_username[n_username] = '\0';
    return true;
}

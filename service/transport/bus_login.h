/* Where to log in and as whom: the options of a bus, checked before the first try, so that a
 * mistake is named instead of tried again for ever. */
#ifndef TWOFOLD_TRANSPORT_BUS_LOGIN_H
#define TWOFOLD_TRANSPORT_BUS_LOGIN_H

#include "transport/bus.h"
#include "transport/bus_url.h"
#include "transport/nkey.h"

struct bus_login {
    struct bus_url url;
    bool tls;
    char nkey[NKEY_TEXT_BYTES]; /* public key; "" when there is no nkey file */
    char who[BUS_URL_MAX + 64]; /* the login in words, without anything secret */
};

/* ERR_VALIDATION and RETERR for a malformed URL, an unreadable file or one without a seed. */
NODISCARD enum err bus_login_check(const struct bus_options *options, struct bus_login *ret_login,
                                   struct diag *reterr);

/* Is the text, NULL included, not there? */
static inline bool bus_text_empty(const char *s)
{
    return !s || !*s;
}

#endif

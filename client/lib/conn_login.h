/* Who the client is to the server, and whom it trusts: login and TLS. */
#ifndef TWOFOLD_CLIENT_CONN_LOGIN_H
#define TWOFOLD_CLIENT_CONN_LOGIN_H

#include "base/attr.h"

#include <nats/nats.h>
#include <twofold/client.h>

/* Puts them into TO. NKEY_FILE (NULL: none) is read again at each login: it must outlive them. */
enum twofold_status conn_login_set(natsOptions *to, const struct twofold_client_options *from,
                                   char *nkey_file, struct twofold_error *error);

#endif

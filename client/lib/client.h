/* What the parts of the library share of an open client. */
#ifndef TWOFOLD_CLIENT_PRIVATE_H
#define TWOFOLD_CLIENT_PRIVATE_H

#include "calls.h"
#include "conn.h"

#include <twofold/client.h>

struct twofold_client {
    struct conn *conn;
    struct calls *calls;
    int64_t timeout_ms;
    char org[TWOFOLD_ORG_MAX + 1];
};

/* Is this thread inside a callback of the library, which must not wait for another? */
bool client_in_callback(void);

#endif

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

/* Enters CALL into the table and sends it. WAITING has its settle and then, the rest is filled in.
 * Statuses as of twofold_client_call_async(). */
enum twofold_status client_start_call(struct twofold_client *client,
                                      const struct twofold_call *call, struct waiting_call *waiting,
                                      struct twofold_error *error);

/* Sends CALL, which was started as TOKEN, once more: whichever answer comes first is its answer. */
enum twofold_status client_send(struct twofold_client *client, const struct twofold_call *call,
                                uint64_t token, struct twofold_error *error);

#endif

/* Asking JetStream: one request after the other, from one thread. */
#ifndef TWOFOLD_CLIENT_JS_API_H
#define TWOFOLD_CLIENT_JS_API_H

#include "base/attr.h"
#include "jetstream.h"
#include "mailbox.h"

struct js_api {
    struct conn *conn;
    struct mailbox *answers;
    int64_t timeout_ms;
    char prefix[96]; /* "$JS.API", or of a domain */
    unsigned asked;
};

/* DOMAIN: NULL for none. Close it with js_api_close(), also after a failure. */
enum twofold_status js_api_open(struct js_api *api, struct conn *conn, const char *domain,
                                struct twofold_error *error);
void js_api_close(struct js_api *api);

/* Sends TEXT to SUBJECT and waits for the answer, which *RET_MAIL gets: free() it; RET_MAIL may be
 * NULL. TWOFOLD_NO_RESPONDERS: nobody is there; TWOFOLD_TIMEOUT: no answer, and if the server
 * forbids to ask, at once and in its words; TWOFOLD_DISCONNECTED. */
enum twofold_status js_api_ask(struct js_api *api, const char *subject, const char *text,
                               struct mail **ret_mail, struct twofold_error *error);

/* Makes a consumer, or looks one up. TWOFOLD_REFUSED: *RET_CODE is JetStream's err_code. */
enum twofold_status js_api_create(struct js_api *api, const struct js_reader *reader,
                                  struct js_consumer *ret, int *ret_code,
                                  struct twofold_error *error);
enum twofold_status js_api_look(struct js_api *api, const struct js_reader *reader,
                                struct js_consumer *ret, int *ret_code,
                                struct twofold_error *error);

/* The server's own word why nothing may be sent to SUBJECT, said since SINCE_US. False: none. */
NODISCARD bool js_api_forbidden(const struct js_api *api, const char *subject, int64_t since_us,
                                char ret_text[TWOFOLD_MESSAGE_SIZE]);

#endif

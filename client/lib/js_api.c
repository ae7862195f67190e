#include "js_api.h"

#include "error.h"
#include "monotonic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long it takes to notice that the server has forbidden the question, or went away. */
enum { LOOK_AROUND_US = 50 * 1000 };

enum twofold_status js_api_open(struct js_api *api, struct conn *conn, const char *domain,
                                struct twofold_error *error)
{
    api->conn = conn;
    if (domain)
        snprintf(api->prefix, sizeof api->prefix, "$JS.%s.API", domain);
    else
        snprintf(api->prefix, sizeof api->prefix, "$JS.API");
    return mailbox_open(conn, &api->answers, error);
}

void js_api_close(struct js_api *api)
{
    mailbox_close(api->answers);
}

bool js_api_forbidden(const struct js_api *api, const char *subject, int64_t since_us,
                      char ret_text[TWOFOLD_MESSAGE_SIZE])
{
    conn_complaint(api->conn, since_us, ret_text);
    return strstr(ret_text, subject) != NULL;
}

struct question {
    const char *subject, *tail;
    int64_t asked_us;
    unsigned losses;
};

/* Why there will be no answer; TWOFOLD_OK: it may still come. */
static enum twofold_status look_around(const struct js_api *api, const struct question *q,
                                       struct twofold_error *error)
{
    char complaint[TWOFOLD_MESSAGE_SIZE];

    if (js_api_forbidden(api, q->subject, q->asked_us, complaint))
        return error_set(error, TWOFOLD_TIMEOUT, "the NATS server says: %s", complaint);
    if (conn_losses(api->conn) != q->losses)
        return error_set(error, TWOFOLD_DISCONNECTED,
                         "the connection to the NATS server was lost before the answer on %s",
                         q->subject);
    if (monotonic_us() - q->asked_us > api->timeout_ms * 1000)
        return error_set(error, TWOFOLD_TIMEOUT, "no answer on %s within %" PRId64 " ms",
                         q->subject, api->timeout_ms);
    return TWOFOLD_OK;
}

static enum twofold_status await_answer(const struct js_api *api, const struct question *q,
                                        struct mail **ret_mail, struct twofold_error *error)
{
    enum twofold_status status = TWOFOLD_OK;

    while (status == TWOFOLD_OK) {
        struct mail *mail = mailbox_take(api->answers, monotonic_us() + LOOK_AROUND_US);

        if (mail && strcmp(mail->tail, q->tail) == 0) {
            *ret_mail = mail;
            return TWOFOLD_OK;
        }
        free(mail); /* of a question that was given up */
        status = look_around(api, q, error);
    }
    return status;
}

enum twofold_status js_api_ask(struct js_api *api, const char *subject, const char *text,
                               struct mail **ret_mail, struct twofold_error *error)
{
    char tail[16], reply_tail[MAILBOX_TAIL_SIZE];
    struct question q = {.subject = subject,
                         .tail = tail,
                         .asked_us = monotonic_us(),
                         .losses = conn_losses(api->conn)};
    struct mail *mail = NULL;
    enum twofold_status status;

    snprintf(tail, sizeof tail, "%u", ++api->asked);
    mailbox_tail(api->answers, tail, reply_tail);
    status = conn_send(api->conn,
                       &(struct conn_request){.subject = subject,
                                              .reply_tail = reply_tail,
                                              .data = (const uint8_t *)text,
                                              .n = strlen(text)},
                       error);
    if (status == TWOFOLD_OK)
        status = await_answer(api, &q, &mail, error);
    if (status == TWOFOLD_OK && mail->status == 503)
        status = error_set(error, TWOFOLD_NO_RESPONDERS, "nobody serves %s", subject);
    if (status == TWOFOLD_OK && ret_mail) {
        *ret_mail = mail;
        return status;
    }
    free(mail);
    return status;
}

static enum twofold_status ask_about(struct js_api *api, const char *subject, const char *text,
                                     struct js_consumer *ret, int *ret_code,
                                     struct twofold_error *error)
{
    struct mail *mail = NULL;
    enum twofold_status status;

    *ret_code = 0;
    status = js_api_ask(api, subject, text, &mail, error);
    if (status == TWOFOLD_OK)
        status = js_read_consumer(mail->data, mail->n, ret, ret_code, error);
    free(mail);
    return status;
}

/* A filter in the subject lets a server's configuration grant some and not others. */
enum twofold_status js_api_create(struct js_api *api, const struct js_reader *reader,
                                  struct js_consumer *ret, int *ret_code,
                                  struct twofold_error *error)
{
    char subject[CONN_SUBJECT_SIZE * 2], text[JS_REQUEST_SIZE];
    bool filter_named = !reader->durable && reader->filter[0] != '\0';

    snprintf(subject, sizeof subject, "%s.CONSUMER.%s.%s.%s%s%s", api->prefix,
             reader->durable ? "DURABLE.CREATE" : "CREATE", reader->stream, reader->name,
             filter_named ? "." : "", filter_named ? reader->filter : "");
    js_create_request(reader, text);
    return ask_about(api, subject, text, ret, ret_code, error);
}

enum twofold_status js_api_look(struct js_api *api, const struct js_reader *reader,
                                struct js_consumer *ret, int *ret_code, struct twofold_error *error)
{
    char subject[CONN_SUBJECT_SIZE];

    snprintf(subject, sizeof subject, "%s.CONSUMER.INFO.%s.%s", api->prefix, reader->stream,
             reader->name);
    return ask_about(api, subject, "", ret, ret_code, error);
}

#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>

const char *twofold_status_name(enum twofold_status status)
{
    switch (status) {
    case TWOFOLD_OK:
        return "OK";
    case TWOFOLD_REFUSED:
        return "REFUSED";
    case TWOFOLD_TIMEOUT:
        return "TIMEOUT";
    case TWOFOLD_NO_RESPONDERS:
        return "NO_RESPONDERS";
    case TWOFOLD_DISCONNECTED:
        return "DISCONNECTED";
    case TWOFOLD_USAGE:
        return "USAGE";
    case TWOFOLD_PROTOCOL:
        return "PROTOCOL";
    case TWOFOLD_EXHAUSTED:
        return "EXHAUSTED";
    }
    return "UNKNOWN";
}

void error_clear(struct twofold_error *error)
{
    memset(error, 0, sizeof *error);
}

/* TEXT fills its SIZE: what was cut off began in the middle of a word. */
static void end_with_a_word(char *text, size_t size)
{
    static const char mark[] = " ...";
    size_t end = size - sizeof mark;

    while (end > size / 2 && text[end] != ' ')
        end--;
    if (text[end] == ' ')
        memcpy(text + end, mark, sizeof mark);
}

enum twofold_status error_set(struct twofold_error *error, enum twofold_status status,
                              const char *fmt, ...)
{
    va_list args;

    error_clear(error);
    error->status = status;
    va_start(args, fmt);
    if (vsnprintf(error->message, sizeof error->message, fmt, args) >= (int)sizeof error->message)
        end_with_a_word(error->message, sizeof error->message);
    va_end(args);
    return status;
}

/* Parts of what the bus library and OpenSSL say, and what to do about it. */
static const struct {
    const char *says, *so;
} connect_faults[] = {
    {"Authentication Violation", "it refuses this login; name the right nkey or creds file, or "
                                 "have its user added to the server"},
    {"has expired", "its certificate has expired; it needs a new one"},
    {"not yet valid", "its certificate is not valid yet; compare the clocks of both hosts"},
    {"mismatch", "its certificate is for another host; use a name that the certificate has"},
    {"issuer certificate", "its certificate's authority is not trusted; name the authority's "
                           "certificate as the TLS CA file"},
    {"self", "its certificate's authority is not trusted; name the authority's certificate as the "
             "TLS CA file"},
    {"Secure Connection not available", "it does not offer TLS; switch TLS on there, or use "
                                        "nats:// and no TLS CA file on a trusted network"},
    {"", "is it running there, and is the address right?"},
};

enum twofold_status error_unconnected(struct twofold_error *error, const char *detail)
{
    const char *behind_place = detail && *detail == '(' ? strstr(detail, "): ") : NULL;
    size_t i = 0;

    if (behind_place) /* in the library's source: "(conn.c:733): " */
        detail = behind_place + 3;
    if (!detail)
        detail = "no reason given";
    while (!strstr(detail, connect_faults[i].says))
        i++;
    return error_set(error, TWOFOLD_DISCONNECTED, "cannot connect to the NATS server: %s (%s)",
                     connect_faults[i].so, detail);
}

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* 0 for what is no number: then the status alone says that it is a refusal. */
static int parse_code(const char *text)
{
    char *end;
    long code = strtol(text, &end, 10);

    return end != text && *end == '\0' && code >= 100 && code <= 999 ? (int)code : 0;
}

static void copy_violations(struct twofold_error *error, const Twofold__V1__Error *body)
{
    for (size_t i = 0; i < body->n_violations && i < TWOFOLD_VIOLATIONS_MAX; i++) {
        struct twofold_violation *to = &error->violations[error->n_violations++];

        copy_text(to->field, sizeof to->field, body->violations[i]->field);
        copy_text(to->rule, sizeof to->rule, body->violations[i]->rule);
    }
}

void error_from_refusal(struct twofold_error *error, const struct refusal *refusal)
{
    Twofold__V1__Error *body = twofold__v1__error__unpack(NULL, refusal->n, refusal->body);

    error_set(error, TWOFOLD_REFUSED, "%s",
              refusal->text ? refusal->text : "The service refused without saying why.");
    error->code = parse_code(refusal->code);
    if (!body)
        return;
    error->reason = (int)body->reason;
    error->retry_after_seconds = body->retry_after_seconds;
    error->attempts_left = body->attempts_left;
    if (body->message[0] != '\0')
        copy_text(error->message, sizeof error->message, body->message);
    copy_violations(error, body);
    twofold__v1__error__free_unpacked(body, NULL);
}

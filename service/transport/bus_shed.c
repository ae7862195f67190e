#include "transport/bus_shed.h"

enum { SHED_HEADERS_MAX = 8 };

static bool is_request_id(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || n > REQUEST_ID_MAX)
        return false;
    for (; *s; s++)
        if (*s < '!' || *s > '~')
            return false;
    return true;
}

void bus_shed_answer(struct bus *bus, const struct bus_shed *shed, const char *reply,
                     const char *request_id)
{
    struct bus_header headers[SHED_HEADERS_MAX];
    size_t n = 0;

    if (!bus_reply_allowed(reply))
        return;
    for (; n < shed->n_headers && n < SHED_HEADERS_MAX - 1; n++)
        headers[n] = shed->headers[n];
    if (is_request_id(request_id))
        headers[n++] = (struct bus_header){"Twofold-Request-Id", request_id};
    /* Who is not answered tries again: that is what the answer would have said. */
    err_drop(bus_publish(bus, reply, headers, n, shed->body));
}

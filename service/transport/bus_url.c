/*
 * The client library takes a malformed address for a server that is away and would be tried for
 * ever, and it connects to a tls:// address in the clear unless told otherwise. So the address is
 * read here first.
 */
#include "transport/bus_url.h"

#include <stdio.h>
#include <string.h>

static bool is_clean(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || (unsigned char)*s == 0x7f)
            return false;
    return true;
}

/* A decimal number in 1..65535 and nothing else. */
static bool is_port(const char *s)
{
    unsigned port = 0;

    for (size_t i = 0; s[i]; i++) {
        if (s[i] < '0' || s[i] > '9' || i == 5)
            return false;
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

/* "host", "host:port", "[address]" or "[address]:port". */
static bool is_place(const char *place)
{
    size_t host = *place == '[' ? strcspn(place, "]") : strcspn(place, ":/?#@[]");

    if (host == 0 || (*place == '[' && (host == 1 || place[host++] != ']')))
        return false;
    return !place[host] || (place[host] == ':' && is_port(place + host + 1));
}

enum err bus_url_parse(const char *text, struct bus_url *ret_url)
{
    struct bus_url url = {.tls = strncmp(text, "tls://", 6) == 0};
    const char *rest = strstr(text, "://"), *at;
    const char *place;

    if ((!url.tls && strncmp(text, "nats://", 7) != 0) || strlen(text) >= BUS_URL_MAX ||
        !is_clean(text))
        return ERR_VALIDATION;
    rest += 3;
    at = strrchr(rest, '@');
    place = at ? at + 1 : rest;
    if (!is_place(place))
        return ERR_VALIDATION;
    if (at)
        snprintf(url.user, sizeof url.user, "%.*s", (int)strcspn(rest, ":@"), rest);
    snprintf(url.server, sizeof url.server, "%.*s%s", (int)(rest - text), text, place);
    *ret_url = url;
    return ERR_OK;
}

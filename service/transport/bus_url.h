/* A bus address, read once: what to connect to, and what of it may be shown in a log. */
#ifndef TWOFOLD_TRANSPORT_BUS_URL_H
#define TWOFOLD_TRANSPORT_BUS_URL_H

#include "base/err.h"

#include <stdbool.h>

enum { BUS_URL_MAX = 256 };

struct bus_url {
    bool tls;                 /* the scheme asks for it */
    char user[BUS_URL_MAX];   /* "" when the address carries no login */
    char server[BUS_URL_MAX]; /* scheme, host and port: the address without any login */
};

/* Reads "nats://[user[:password]@]host[:port]" or the same with "tls://". ERR_VALIDATION for
 * anything else; never says what it read, for there may be a password in it. */
NODISCARD enum err bus_url_parse(const char *text, struct bus_url *ret_url);

#endif

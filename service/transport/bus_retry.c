/*
 * A bus that is away comes back: a service that ended because of it would only be started again to
 * find the same. A refused login is another matter, except that old versions of the client library
 * fail one nkey login in 256 for no reason: five in a row are a refusal.
 */
#include "transport/bus_retry.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <time.h>

enum {
    PAUSE_LEAST_MS = 100,
    PAUSE_MOST_MS = 5000,
    SLICE_MS = 50, /* how long a wish to stop may go unnoticed */
    LOG_AGAIN_MS = 30 * 1000,
    REFUSALS_MAX = 5,
};

static void sleep_ms(int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    while (nanosleep(&left, &left) != 0)
        continue;
}

/* What the library and OpenSSL say of a server, and what to do about it. */
static const struct {
    const char *says, *so;
} tls_faults[] = {
    {"has expired", "its certificate has expired: give the server a new one"},
    {"not yet valid", "its certificate is not valid yet: compare the clocks of both hosts"},
    {"mismatch", "its certificate is for another host: in TWOFOLD_NATS_URL use a name that the "
                 "certificate has, or give the server one that names the host in TWOFOLD_NATS_URL"},
    {"issuer certificate", "the authority that signed its certificate is not trusted: name the "
                           "authority's own certificate in TWOFOLD_NATS_TLS_CA"},
    {"self", "its certificate is signed by an authority that is not trusted: name the authority's "
             "own certificate in TWOFOLD_NATS_TLS_CA"},
    {"not available", "it does not offer TLS: switch TLS on there, or use nats:// and no "
                      "TWOFOLD_NATS_TLS_CA where the network is trusted"},
    {"", "check TWOFOLD_NATS_TLS_CA, and that the server's certificate is valid and names the host "
         "in TWOFOLD_NATS_URL"},
};

static const char *tls_advice(const char *detail)
{
    size_t i = 0;

    while (!strstr(detail, tls_faults[i].says))
        i++;
    return tls_faults[i].so;
}

static void say_why(const struct bus_login *l, enum bus_failure failure, const char *detail,
                    struct diag *reterr)
{
    const char *server = l->url.server;

    switch (failure) {
    case BUS_AWAY:
        diag_set(reterr, "the bus at %s cannot be reached: %s", server, detail);
        return;
    case BUS_REFUSES_LOGIN:
        diag_set(reterr,
                 "the bus at %s refuses the login of %s: check TWOFOLD_NATS_URL, "
                 "TWOFOLD_NATS_CREDS or TWOFOLD_NATS_NKEY_FILE (TWOFOLD_AUDIT_NATS_* for the audit "
                 "trail, TWOFOLD_HEALTH_NATS_* for twofoldd health) and the users of the server",
                 server, l->who);
        return;
    case BUS_TLS_FAILS:
        diag_set(reterr, "no trusted TLS connection to the bus at %s: %s (%s)", server,
                 tls_advice(detail), detail);
        return;
    }
}

static void log_waiting(struct bus_retry *r, const char *detail)
{
    int64_t now = clock_monotonic_ms();

    if (strncmp(detail, r->logged, sizeof r->logged - 1) == 0 && now - r->logged_ms < LOG_AGAIN_MS)
        return;
    log_at(LOG_WARN, "waiting for the bus", FIELD("bus", (const char *)r->login->url.server),
           FIELD("detail", detail),
           FIELD("do", "start the NATS server there, or correct TWOFOLD_NATS_URL"));
    snprintf(r->logged, sizeof r->logged, "%s", detail);
    r->logged_ms = now;
}

/* The next pause; false when it was ended by keep_trying. */
static bool pause_longer(struct bus_retry *r)
{
    int most_ms = r->pause_most_ms ? r->pause_most_ms : PAUSE_MOST_MS;

    r->pause_ms = r->pause_ms ? r->pause_ms * 2 : PAUSE_LEAST_MS;
    if (r->pause_ms > most_ms)
        r->pause_ms = most_ms;
    for (int slept = 0; slept < r->pause_ms && r->keep_trying(r->ctx); slept += SLICE_MS)
        sleep_ms(SLICE_MS);
    return r->keep_trying(r->ctx);
}

enum err bus_retry_after(struct bus_retry *r, enum bus_failure failure, const char *detail,
                         struct diag *reterr)
{
    if (failure != BUS_AWAY) {
        if (++r->refusals < REFUSALS_MAX) {
            sleep_ms(PAUSE_LEAST_MS);
            return ERR_OK;
        }
        say_why(r->login, failure, detail, reterr);
        return ERR_VALIDATION;
    }
    r->refusals = 0;
    if (r->keep_trying(r->ctx)) {
        log_waiting(r, detail);
        if (pause_longer(r))
            return ERR_OK;
    }
    say_why(r->login, failure, detail, reterr);
    return ERR_UNAVAILABLE;
}

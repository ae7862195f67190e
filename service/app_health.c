/*
 * Told on a thread of the bus, and so also while the thread that decides stands still: nothing here
 * waits for it. It is asked to write something only when somebody wants to know, so an idle service
 * writes nothing.
 */
#include "app_health.h"

#include "base/clock.h"

#include <unistd.h>

enum { YOUNG_MS = 2000 }; /* no other proof is needed until then */

void app_health_name_host(struct app_health *h)
{
    if (gethostname(h->host, sizeof h->host) != 0)
        h->host[0] = '\0';
    h->host[sizeof h->host - 1] = '\0';
}

static void tell_text(struct discovery_facts *facts, const char *name, const char *text)
{
    discovery_tell(facts, (struct discovery_fact){.name = name, .text = text});
}

static void tell_number(struct discovery_facts *facts, const char *name, int64_t number)
{
    discovery_tell(facts, (struct discovery_fact){.name = name, .number = number});
}

static const char *ok_or(const char *trouble)
{
    return trouble ? trouble : "ok";
}

void app_health_data(void *ctx, struct discovery_facts *ret)
{
    const struct app_health *h = ctx;
    int64_t turn_ms = server_turn_ms(h->server), age_ms;
    bool stopping = atomic_load(h->stop);
    struct store_proof proof;

    h->store->ops->look_proof(h->store, &proof);
    age_ms = clock_monotonic_ms() - proof.at_ms;
    if (!proof.at_ms || age_ms > YOUNG_MS || proof.trouble)
        server_prove(h->server);
    tell_text(ret, "host", h->host);
    tell_text(ret, "state", stopping ? "stopping" : turn_ms < 0 ? "starting" : "serving");
    tell_text(ret, "store", ok_or(proof.trouble));
    if (proof.at_ms)
        tell_number(ret, "store_proof_age_ms", age_ms);
    if (turn_ms >= 0)
        tell_number(ret, "turn_age_ms", turn_ms);
    tell_text(ret, "requests", ok_or(dispatcher_trouble(h->dispatcher)));
}

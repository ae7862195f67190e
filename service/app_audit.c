#include "app_audit.h"

#include "bus_settings.h"
#include "crypto/base64.h"
#include "crypto/sign.h"

#include <stdio.h>

enum {
    STOP_MS = 3000,
    HURRY_SHARE = 4,        /* pace ends when one part in so many of the bound waits, */
    EVENT_BYTES = 2 * 1024, /* as long as events are not larger than this */
};

#define MIB (1024ULL * 1024)

struct audit_limits app_audit_limits(const struct config *c)
{
    uint64_t room = c->db_size_mb * MIB, tail = c->audit_tail_mb * MIB;

    return (struct audit_limits){.failures = c->audit_failures,
                                 .backlog_max = c->audit_backlog,
                                 .best_effort = c->audit == AUDIT_BEST_EFFORT,
                                 .bytes_max = room / 2,
                                 .tail_ms = c->audit_tail_hours * 3600LL * 1000,
                                 .tail_bytes = tail < room / 4 ? tail : room / 4,
                                 .checkpoint_events = c->checkpoint_events,
                                 .checkpoint_ms = c->checkpoint_seconds * 1000LL};
}

/* How many events may wait before pace ends, for a bound of events or one of bytes. */
static uint64_t hurry(const struct config *c)
{
    const struct audit_limits limits = app_audit_limits(c);
    uint64_t of_bytes = limits.bytes_max / EVENT_BYTES;
    uint64_t most =
        limits.backlog_max && limits.backlog_max < of_bytes ? limits.backlog_max : of_bytes;

    return most / HURRY_SHARE + 1;
}

enum err app_audit_open(struct app_audit *a, struct diag *reterr)
{
    const struct config *c = a->config;
    struct publisher_options options = {.store = a->store,
                                        .bus = &a->bus,
                                        .stream =
                                            strcmp(c->audit_stream, "off") ? c->audit_stream : NULL,
                                        .lock_file = a->lock_file,
                                        .hurry = hurry(c),
                                        .progress = a->wake,
                                        .ctx = a->ctx};

    pthread_mutex_init(&a->mutex, NULL);
    a->bus = bus_settings_of_audit(c);
    snprintf(a->lock_file, sizeof a->lock_file, "%s/publisher.lock", c->data_dir);
    app_audit_read_keys(a);
    TRY(backlog_looker_open(a->store, &a->looker));
    return publisher_start(&options, &a->publisher, reterr);
}

struct outbox_taken app_audit_close(struct app_audit *a)
{
    struct publisher *publisher;

    if (!a->publisher)
        return (struct outbox_taken){0}; /* it may never have been opened */
    /* Discovery still answers. */
    pthread_mutex_lock(&a->mutex);
    publisher = STEAL(a->publisher);
    pthread_mutex_unlock(&a->mutex);
    return publisher_stop(publisher, STOP_MS);
}

void app_audit_free(struct app_audit *a)
{
    backlog_looker_close(STEAL(a->looker));
}

/* ---- discovery ---- */

/* The ids that can sign; of a retired key nothing is left that could. */
static size_t signing_ids(const struct keyring *k, uint32_t ret_ids[static KEYRING_KEYS_MAX])
{
    struct bytes seed;
    size_t n = keyring_ids(k, ret_ids), kept = 0;

    for (size_t i = 0; i < n; i++)
        if (keyring_key(k, ret_ids[i], KEY_SIGN, &seed) == ERR_OK)
            ret_ids[kept++] = ret_ids[i];
    return kept;
}

/* "1:<base64>"; empty when the library fails. */
static void print_key(const struct keyring *k, uint32_t id, char *ret_text, size_t n)
{
    uint8_t public[SIGN_PUBLIC_BYTES];
    char base64[BASE64_LENGTH(SIGN_PUBLIC_BYTES) + 1];
    struct bytes seed;

    *ret_text = '\0';
    if (keyring_key(k, id, KEY_SIGN, &seed) != ERR_OK || sign_public_key(seed.p, public) != ERR_OK)
        return;
    base64_encode((struct bytes){public, sizeof public}, base64);
    snprintf(ret_text, n, "%u:%s=", id, base64);
}

void app_audit_read_keys(struct app_audit *a)
{
    uint32_t ids[KEYRING_KEYS_MAX] = {0};
    size_t n = signing_ids(a->keyring, ids), used = 0;
    char all[DISCOVERY_TEXT_BYTES] = "", one[64];

    if (bytes_equal((struct bytes){(const uint8_t *)ids, n * sizeof ids[0]},
                    (struct bytes){(const uint8_t *)a->ids, a->n_ids * sizeof ids[0]}))
        return;
    memcpy(a->ids, ids, sizeof ids);
    a->n_ids = n;
    for (size_t i = 0; i < n && used < sizeof all - sizeof one - 1; i++) {
        print_key(a->keyring, ids[i], one, sizeof one);
        if (*one)
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? "," : "", one);
    }
    pthread_mutex_lock(&a->mutex);
    snprintf(a->keys, sizeof a->keys, "%s", all);
    pthread_mutex_unlock(&a->mutex);
}

static void tell_number(struct discovery_facts *facts, const char *name, uint64_t number)
{
    discovery_tell(facts, (struct discovery_fact){.name = name, .number = (int64_t)number});
}

void app_audit_metadata(void *ctx, struct discovery_facts *ret)
{
    struct app_audit *a = ctx;

    pthread_mutex_lock(&a->mutex);
    snprintf(ret->text, sizeof ret->text, "%s", a->keys);
    pthread_mutex_unlock(&a->mutex);
    discovery_tell(ret, (struct discovery_fact){.name = "audit_keys", .text = ret->text});
}

void app_audit_data(void *ctx, struct discovery_facts *ret)
{
    struct app_audit *a = ctx;
    struct publisher_stats stats = {0};
    struct backlog b;

    pthread_mutex_lock(&a->mutex);
    if (a->publisher)
        stats = publisher_stats(a->publisher);
    pthread_mutex_unlock(&a->mutex);
    if (!backlog_looker_ask(a->looker, &b))
        return; /* nothing is better than zeros */
    discovery_tell(ret,
                   (struct discovery_fact){.name = "way", .text = publisher_way_text(stats.way)});
    tell_number(ret, "backlog", b.events);
    tell_number(ret, "oldest_unsent_seconds", (uint64_t)b.oldest_age_ms / 1000);
    tell_number(ret, "tail", b.tail);
    tell_number(ret, "resent", stats.resent);
    tell_number(ret, "dropped", b.dropped);
}

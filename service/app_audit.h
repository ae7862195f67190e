/* The audit trail's part of the composition root: its bus, its publisher, and what service
 * discovery tells of them. */
#ifndef TWOFOLD_APP_AUDIT_H
#define TWOFOLD_APP_AUDIT_H

#include "audit/publisher.h"
#include "backlog_looker.h"
#include "config/config.h"
#include "crypto/keyring.h"
#include "rpc/method.h"
#include "transport/discovery.h"

#include <pthread.h>

struct app_audit {
    const struct config *config;
    struct store *store;
    const struct keyring *keyring;
    void (*wake)(void *ctx); /* the serving thread: events were taken */
    void *ctx;
    /* What follows starts as zeros. */
    struct bus_options bus; /* the publisher borrows these two */
    char lock_file[CONFIG_TEXT_MAX + 32];
    struct backlog_looker *looker; /* until app_audit_free */
    pthread_mutex_t mutex;         /* over what follows, where discovery looks at it */
    struct publisher *publisher;
    char keys[DISCOVERY_TEXT_BYTES];
    uint32_t ids[KEYRING_KEYS_MAX]; /* of these keys; of the thread that uses the keyring alone */
    size_t n_ids;
};

/* What the settings say of how events are kept. */
struct audit_limits app_audit_limits(const struct config *config);

/* Starts the publisher; it lives until app_audit_close. Errors and RETERR as for publisher_start.
 */
NODISCARD enum err app_audit_open(struct app_audit *a, struct diag *reterr);

/* Stops the publisher, which sends what is left for a while. How far events have come then. */
struct outbox_taken app_audit_close(struct app_audit *a);

/* Ends the rest of it, when discovery asks no more. */
void app_audit_free(struct app_audit *a);

/* Reads the public keys for discovery, if the keyring has changed. On the thread that uses it. */
void app_audit_read_keys(struct app_audit *a);

/* What discovery tells: the keys that checkpoints are signed with, and how far events have come.
 * CTX is a struct app_audit. */
discovery_teller app_audit_metadata, app_audit_data;

#endif

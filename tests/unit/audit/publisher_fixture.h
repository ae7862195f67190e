/* What the tests of the publisher share: a server, a store with an outbox, and an observer. */
#ifndef TWOFOLD_TESTS_UNIT_AUDIT_PUBLISHER_FIXTURE_H
#define TWOFOLD_TESTS_UNIT_AUDIT_PUBLISHER_FIXTURE_H

#include "audit/publisher.h"
#include "base/arena.h"
#include "base/clock.h"
#include "crypto/keyring_edit.h"
#include "store/store_lmdb.h"
#include "support/nats_server.h"
#include "support/runner.h"

#include <nats/nats.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>
#include <unistd.h>

enum { LONG_MS = 20 * 1000 };

struct publisher_fixture {
    struct nats_server server;
    struct keyring *keyring;
    struct store *store;
    char lock_file[128], url[128];
    struct bus_options bus;
    const char *stream; /* NULL: plain messages */
    int events;         /* appended so far */
    int64_t age_ms;     /* of what is appended */
    int64_t remembers_ms;
    int64_t look_again_ms; /* 0: 300 */
    _Atomic int progress;
};

static inline void fixture_open(struct publisher_fixture *f, const char *config)
{
    struct diag diag = {0};
    char keyring[128], data[128];

    *f = (struct publisher_fixture){.server = nats_server_start(config)};
    nats_server_path(&f->server, "keyring", keyring);
    nats_server_path(&f->server, "data", data);
    nats_server_path(&f->server, "lock", f->lock_file);
    snprintf(f->url, sizeof f->url, "%s", f->server.url);
    f->bus = (struct bus_options){
        .url = f->url, .name = "audit", .inbox_prefix = "_INBOX.service-audit"};
    if (keyring_create(keyring, &diag) != ERR_OK ||
        keyring_open(keyring, &f->keyring, &diag) != ERR_OK ||
        store_lmdb_open(
            &(struct store_lmdb_options){
                .folder = data, .size_mb = 64, .keyring = f->keyring, .unsafe_no_sync = true},
            &f->store, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
}

static inline void fixture_close(struct publisher_fixture *f)
{
    store_close(f->store);
    keyring_free(f->keyring);
    nats_server_stop(&f->server);
}

/* Appends EVENT in T; NULL: in a transaction of its own. */
static inline void append_bytes_in(struct publisher_fixture *f, struct store_txn *t,
                                   struct bytes event)
{
    struct store_txn *own = t;

    if (!t)
        assert_int_equal(f->store->ops->begin(f->store, &own), ERR_OK);
    assert_int_equal(f->store->ops->append_event(own, event), ERR_OK);
    if (!t)
        assert_int_equal(f->store->ops->commit(own), ERR_OK);
}

/* Appends an event "e-<n>" with PURPOSE, of any length, in T as above. */
static inline void append_for_in(struct publisher_fixture *f, struct store_txn *t, char *purpose)
{
    struct clock clock = clock_system();
    Twofold__V1__AuditEvent e;
    char id[16], org[] = "acme", type[] = "login.succeeded";
    uint8_t *packed;

    twofold__v1__audit_event__init(&e);
    snprintf(id, sizeof id, "e-%d", ++f->events);
    e.id = id;
    e.org = org;
    e.type = type;
    e.purpose = purpose;
    e.time_unix_ms = clock_unix_ms(&clock) - f->age_ms;
    packed = malloc(twofold__v1__audit_event__get_packed_size(&e));
    append_bytes_in(f, t, (struct bytes){packed, twofold__v1__audit_event__pack(&e, packed)});
    free(packed);
}

static inline void append_bytes(struct publisher_fixture *f, struct bytes event)
{
    append_bytes_in(f, NULL, event);
}

static inline void append_for(struct publisher_fixture *f, char *purpose)
{
    append_for_in(f, NULL, purpose);
}

/* Appends N events "e-1", "e-2", ... */
static inline void append(struct publisher_fixture *f, int n)
{
    char none[] = "";

    for (int i = 0; i < n; i++)
        append_for(f, none);
}

static inline void count_progress(void *ctx)
{
    ++*(_Atomic int *)ctx;
}

static inline enum err try_start(struct publisher_fixture *f, struct publisher **ret,
                                 struct diag *reterr)
{
    return publisher_start(
        &(struct publisher_options){.store = f->store,
                                    .bus = &f->bus,
                                    .stream = f->stream,
                                    .lock_file = f->lock_file,
                                    .look_again_ms = f->look_again_ms ? f->look_again_ms : 300,
                                    .remembers_ms = f->remembers_ms,
                                    .progress = count_progress,
                                    .ctx = &f->progress},
        ret, reterr);
}

static inline struct publisher *start(struct publisher_fixture *f)
{
    struct publisher *p = NULL;
    struct diag diag = {0};

    if (try_start(f, &p, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return p;
}

/* Positions start at 1. */
static inline void wait_sent(struct publisher *p, int position)
{
    for (int i = 0; i < LONG_MS / 10 && publisher_progress(p).position < (uint64_t)position; i++)
        usleep(10 * 1000);
    assert_int_equal(publisher_progress(p).position, position);
}

static inline void wait_way(struct publisher *p, enum publisher_way way)
{
    for (int i = 0; i < LONG_MS / 10 && publisher_stats(p).way != way; i++)
        usleep(10 * 1000);
    assert_string_equal(publisher_way_text(publisher_stats(p).way), publisher_way_text(way));
}

/* Marks what P has reported, as the serving thread does. */
static inline void mark(struct publisher_fixture *f, struct publisher *p)
{
    struct outbox_state state;
    struct store_txn *t = NULL;

    assert_int_equal(f->store->ops->begin(f->store, &t), ERR_OK);
    assert_int_equal(f->store->ops->look_outbox(f->store, t, &state), ERR_OK);
    state.marks.taken = publisher_progress(p);
    assert_int_equal(f->store->ops->save_marks(t, &state.marks), ERR_OK);
    assert_int_equal(f->store->ops->commit(t), ERR_OK);
}

static inline void trim(struct publisher_fixture *f, uint64_t position)
{
    struct store_txn *t = NULL;

    assert_int_equal(f->store->ops->begin(f->store, &t), ERR_OK);
    assert_int_equal(f->store->ops->trim_events(t, position, SIZE_MAX), ERR_OK);
    assert_int_equal(f->store->ops->commit(t), ERR_OK);
}

static inline natsConnection *observe(const char *url, natsSubscription **ret_sub)
{
    natsConnection *nc = NULL;

    assert_int_equal(natsConnection_ConnectTo(&nc, url), NATS_OK);
    assert_int_equal(natsConnection_SubscribeSync(ret_sub, nc, "twofold.audit.>"), NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(nc, LONG_MS), NATS_OK);
    return nc;
}

/* The next message is event number N. */
static inline void expect_event(natsSubscription *sub, int n)
{
    natsMsg *m = NULL;
    const char *value = NULL;
    char id[16];

    assert_int_equal(natsSubscription_NextMsg(&m, sub, LONG_MS), NATS_OK);
    snprintf(id, sizeof id, "e-%d", n);
    assert_string_equal(natsMsg_GetSubject(m), "twofold.audit.v1.acme.login.succeeded");
    assert_int_equal(natsMsgHeader_Get(m, "Nats-Msg-Id", &value), NATS_OK);
    assert_string_equal(value, id);
    assert_int_equal(natsMsgHeader_Get(m, "ce-specversion", &value), NATS_OK);
    natsMsg_Destroy(m);
}

static inline void expect_silence(natsSubscription *sub, int ms)
{
    natsMsg *m = NULL;

    assert_int_equal(natsSubscription_NextMsg(&m, sub, ms), NATS_TIMEOUT);
}

#endif

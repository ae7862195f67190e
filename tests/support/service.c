#include "support/service.h"

#include "base/limits.h"
#include "base/secret.h"
#include "core/base32.h"
#include "crypto/keyring_edit.h"
#include "rpc/route.h"
#include "rpc/side_pool.h"
#include "store/store_lmdb.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { START_S = 1800000000 };

static int64_t test_now(void *ctx)
{
    return ((struct service *)ctx)->now_ms;
}

void service_open(struct service *s)
{
    struct diag diag = {.text = ""};
    struct store_lmdb_options store = {
        .folder = s->folder, .size_mb = s->size_mb, .unsafe_no_sync = true};
    struct side_pool_options pool = {
        .hash_threads = 1,
        .hash_max = 16,
        .cost = {.ln = s->scrypt_ln ? s->scrypt_ln : 4, .r = 8, .p = 1}};
    struct dispatcher_options options = {.clock = {.unix_ms = test_now, .ctx = s},
                                         .password_cost = pool.cost,
                                         .instance = "test",
                                         .audit = s->audit};

    if (keyring_open(s->keyring_file, &s->keyring, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    store.keyring = s->keyring;
    if (store_lmdb_open(&store, &s->store, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    assert_int_equal(side_pool_open(&pool, &s->pool), ERR_OK);
    options.store = s->store;
    options.keyring = s->keyring;
    options.pool = s->pool;
    assert_int_equal(dispatcher_new(&options, &s->dispatcher), ERR_OK);
    assert_int_equal(dispatcher_start(s->dispatcher), ERR_OK);
}

void service_close(struct service *s)
{
    side_pool_close(s->pool);
    dispatcher_free(s->dispatcher);
    store_close(s->store);
    keyring_free(s->keyring);
}

void service_start(struct service *s)
{
    struct diag diag = {.text = ""};

    if (!s->size_mb)
        s->size_mb = 64;
    s->now_ms = INT64_C(1000) * START_S;
    snprintf(s->folder, sizeof s->folder, "/tmp/twofold-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->keyring_file, sizeof s->keyring_file, "%s.keyring", s->folder);
    if (keyring_create(s->keyring_file, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    service_open(s);
}

void service_restart(struct service *s)
{
    service_close(s);
    service_open(s);
}

void service_restart_with(struct service *s, struct audit_limits audit)
{
    service_close(s);
    s->audit = audit;
    service_open(s);
}

void service_tidy(struct service *s, uint64_t taken)
{
    const struct outbox_taken progress = {.position = taken};

    assert_int_equal(dispatcher_tidy(s->dispatcher, &progress), ERR_OK);
}

void service_stop(struct service *s)
{
    static const char *const files[] = {"data.mdb",  "lock.mdb",     "publisher.lock", "journal.0",
                                        "journal.1", "journal.lock", "folding.lock"};
    char path[160];

    service_close(s);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, files[i]);
        unlink(path);
    }
    rmdir(s->folder);
    unlink(s->keyring_file);
}

void service_advance(struct service *s, int64_t seconds)
{
    s->now_ms += seconds * 1000;
}

/* --- Calls --- */

static struct exchange *arrive(struct service *s, const char *subject, struct bytes payload)
{
    struct incoming in = {.subject = subject,
                          .reply_to = "_INBOX.test",
                          .payload = payload,
                          .request_id = s->request_id ? s->request_id : "",
                          .traceparent = s->traceparent ? s->traceparent : "",
                          .actor = s->actor ? s->actor : ""};
    struct exchange *x = exchange_new(s->dispatcher, &in);

    assert_non_null(x);
    return x;
}

/* Runs batches until X is answered; a hash takes a while. */
static struct outgoing run_until_done(struct service *s, struct exchange *x)
{
    struct exchange *next = x;

    for (int i = 0; i < 20000; i++) {
        struct timespec pause = {.tv_nsec = 500000};
        size_t n = next ? 1 : 0;

        (void)!dispatcher_run(s->dispatcher, &next, n);
        if (exchange_answer(x).done)
            return exchange_answer(x);
        nanosleep(&pause, NULL);
        next = dispatcher_collect(s->dispatcher);
    }
    fail_msg("a request was never answered");
    return (struct outgoing){.done = false};
}

static const ProtobufCMessageDescriptor *reply_type(struct service *s, const char *subject)
{
    const struct routes *routes = dispatcher_routes(s->dispatcher);
    char tail[3 * ROUTE_TOKEN_MAX];

    for (size_t i = 0; i < routes->n; i++) {
        snprintf(tail, sizeof tail, ".%s.%s", routes->at[i].service, routes->at[i].name);
        if (strlen(subject) > strlen(tail) &&
            strcmp(subject + strlen(subject) - strlen(tail), tail) == 0)
            return routes->at[i].descriptor->output;
    }
    return NULL;
}

struct answer service_send(struct service *s, const char *subject, struct bytes payload)
{
    struct exchange *x = arrive(s, subject, payload);
    struct outgoing o = run_until_done(s, x);
    struct answer a = {.err = o.err};
    uint8_t *copy = malloc(o.body.n + 1);

    assert_non_null(copy);
    if (o.body.n)
        memcpy(copy, o.body.p, o.body.n);
    a.raw = (struct bytes){.p = copy, .n = o.body.n};
    if (o.err == ERR_OK)
        a.reply = protobuf_c_message_unpack(reply_type(s, subject), NULL, o.body.n, copy);
    else
        a.error = twofold__v1__error__unpack(NULL, o.body.n, copy);
    assert_true(a.reply || a.error);
    exchange_free(x);
    return a;
}

void answer_free(struct answer *a)
{
    if (a->reply)
        protobuf_c_message_free_unpacked(a->reply, NULL);
    if (a->error)
        twofold__v1__error__free_unpacked(a->error, NULL);
    free((void *)(uintptr_t)a->raw.p);
    *a = (struct answer){.err = ERR_OK};
}

struct answer service_call(struct service *s, const char *method, const ProtobufCMessage *request)
{
    size_t n = protobuf_c_message_get_packed_size(request);
    uint8_t *packed = malloc(n + 1);
    char subject[256];
    struct answer a;

    assert_non_null(packed);
    protobuf_c_message_pack(request, packed);
    snprintf(subject, sizeof subject, "twofold.v1.%s.%s", s->org ? s->org : "default", method);
    a = service_send(s, subject, (struct bytes){.p = packed, .n = n});
    free(packed);
    return a;
}

void service_expect(struct service *s, enum err err, const char *method,
                    const ProtobufCMessage *request)
{
    struct answer a = service_call(s, method, request);

    if (a.err != err)
        fail_msg("%s answered %s instead of %s", method, err_name(a.err), err_name(err));
    answer_free(&a);
}

void service_batch(struct service *s, const char *subject, const struct bytes *payloads, size_t n,
                   enum err *ret_errs)
{
    struct exchange **batch = calloc(n, sizeof(struct exchange *));

    assert_non_null(batch);
    for (size_t i = 0; i < n; i++)
        batch[i] = arrive(s, subject, payloads[i]);
    assert_int_equal(dispatcher_run(s->dispatcher, batch, n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        assert_true(exchange_answer(batch[i]).done);
        ret_errs[i] = exchange_answer(batch[i]).err;
        exchange_free(batch[i]);
    }
    free(batch);
}

/* --- Events --- */

size_t service_events(struct service *s, Twofold__V1__AuditEvent **ret, size_t max)
{
    struct outbox_entry *entries = calloc(max, sizeof *entries);
    struct arena *arena = arena_new(64 * 1024 * 1024);
    size_t n = 0;

    assert_non_null(entries);
    assert_non_null(arena);
    assert_int_equal(s->store->ops->read_events(s->store, 0, arena, entries, max, &n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        ret[i] = twofold__v1__audit_event__unpack(NULL, entries[i].event.n, entries[i].event.p);
        assert_non_null(ret[i]);
    }
    arena_free(arena);
    free(entries);
    return n;
}

void service_last_event(struct service *s, const char *type, Twofold__V1__AuditEvent__Reason reason)
{
    Twofold__V1__AuditEvent *events[1024];
    size_t n = service_events(s, events, ARRAY_LEN(events));

    assert_true(n > 0);
    assert_string_equal(events[n - 1]->type, type);
    assert_int_equal(events[n - 1]->reason, reason);
    for (size_t i = 0; i < n; i++)
        twofold__v1__audit_event__free_unpacked(events[i], NULL);
}

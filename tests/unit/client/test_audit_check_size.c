/*
 * How much a trail takes: every event is kept to the end. TRAIL_EVENTS=1000000 in the environment
 * measures a million; the test itself takes fewer.
 */
#include "audit_check.h"
#include "made_trail.h"

#include "support/runner.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { USERS = 5000, EVERY = 500, EVENT_BYTES_MAX = 200, EVENT_SIZE = 512 };

/* AddressSanitizer pads what is allocated. */
#ifdef __SANITIZE_ADDRESS__
enum { COUNTS_BYTES = 0, EVENTS = 20000 };
#else
enum { COUNTS_BYTES = 1, EVENTS = 200000 };
#endif

struct user {
    uint64_t sequence;
    uint8_t digest[32];
    bool is_covered;
};

struct maker {
    struct audit_check *check;
    struct user users[USERS], own;
    uint64_t n;
};

static void no_finding(const struct audit_finding *finding, void *ctx)
{
    (void)ctx;
    fail_msg("%s %s", audit_finding_name(finding->kind), finding->username);
}

static void add(struct maker *m, Twofold__V1__AuditEvent *e, struct user *user)
{
    uint8_t bytes[EVENT_SIZE * 128];
    struct audit_message message = {.data = bytes, .at = ++m->n};

    e->sequence = user->sequence + 1;
    if (user->sequence > 0)
        e->previous_digest = (ProtobufCBinaryData){.data = user->digest, .len = 32};
    assert_true(twofold__v1__audit_event__get_packed_size(e) <= sizeof bytes);
    message.n = twofold__v1__audit_event__pack(e, bytes);
    assert_true(audit_check_add(m->check, &message));
    assert_non_null(SHA256(bytes, message.n, user->digest));
    user->sequence++;
    user->is_covered = false;
}

static void begin(const struct maker *m, Twofold__V1__AuditEvent *e, char id[static 37])
{
    twofold__v1__audit_event__init(e);
    snprintf(id, 37, "01234567-0000-7000-8000-%012" PRIx64, m->n & 0xffffffffffff);
    e->id = id;
    e->org = "acme";
    e->type = "verification.succeeded";
    e->instance = "AAAABBBBCCCC";
    e->purpose = "twofold:verification.verify";
    e->time_unix_ms = 1795321310000 + (int64_t)m->n;
}

static void checkpoint(struct maker *m)
{
    static Twofold__V1__CheckpointBody__Head heads[EVERY], *pointers[EVERY];
    static char names[EVERY][16];
    static uint8_t bytes[EVERY * 128], signature[64];
    Twofold__V1__CheckpointBody body = TWOFOLD__V1__CHECKPOINT_BODY__INIT;
    Twofold__V1__Checkpoint signed_one;
    Twofold__V1__AuditEvent e;
    char id[37];

    begin(m, &e, id);
    e.type = "audit.checkpoint";
    for (size_t i = 0; i < USERS && body.n_heads < EVERY; i++) {
        struct user *user = &m->users[i];
        Twofold__V1__CheckpointBody__Head *head = &heads[body.n_heads];

        if (user->sequence == 0 || user->is_covered)
            continue;
        twofold__v1__checkpoint_body__head__init(head);
        snprintf(names[body.n_heads], sizeof names[0], "user-%zu", i);
        head->username = names[body.n_heads];
        head->sequence = user->sequence;
        head->digest = (ProtobufCBinaryData){.data = user->digest, .len = 32};
        user->is_covered = true;
        pointers[body.n_heads++] = head;
    }
    body.heads = pointers;
    body.event_id = e.id;
    body.org = e.org;
    body.instance = e.instance;
    body.time_unix_ms = e.time_unix_ms;
    body.sequence = m->own.sequence + 1;
    if (m->own.sequence > 0)
        body.previous_digest = (ProtobufCBinaryData){.data = m->own.digest, .len = 32};
    made_sign(1,
              (ProtobufCBinaryData){.data = bytes,
                                    .len = twofold__v1__checkpoint_body__pack(&body, bytes)},
              signature, &signed_one);
    e.checkpoint = &signed_one;
    e.key_id = 1;
    e.purpose = "";
    e.outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__SUCCESS;
    add(m, &e, &m->own);
}

static void make(struct maker *m, uint64_t events)
{
    char name[16], id[37];
    uint8_t key[32];

    made_public_key(1, key);
    assert_true(audit_check_trust_key(m->check, &(struct audit_key){.id = 1, .public_key = key}));
    for (uint64_t i = 0; i < events; i++) {
        Twofold__V1__AuditEvent e;

        begin(m, &e, id);
        snprintf(name, sizeof name, "user-%" PRIu64, i * 7919 % USERS);
        e.username = name;
        add(m, &e, &m->users[i * 7919 % USERS]);
        if (i % EVERY == EVERY - 1 || i + 1 == events)
            checkpoint(m);
    }
}

static void expect_end(const struct maker *m)
{
    struct audit_end end = {.org = "acme", .sequence = m->own.sequence, .digest = m->own.digest};

    assert_true(audit_check_expect_end(m->check, &end));
    assert_true(audit_check_ends_seen(m->check));
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void an_event_takes_little(void **state)
{
    const char *given = getenv("TRAIL_EVENTS");
    uint64_t events = given ? strtoull(given, NULL, 10) : EVENTS;
    struct maker *m = calloc(1, sizeof *m);
    struct audit_teller teller = {.tell = no_finding};
    struct rusage before, after;
    double begun = seconds(), added;

    (void)state;
    assert_non_null(m);
    getrusage(RUSAGE_SELF, &before);
    m->check = audit_check_new(false, teller);
    make(m, events);
    expect_end(m);
    added = seconds();
    assert_true(audit_check_judge(m->check));
    getrusage(RUSAGE_SELF, &after);
    fprintf(stderr,
            "%" PRIu64 " events: made and read in %.2f s, judged in %.2f s, %ld KiB at most\n",
            m->n, added - begun, seconds() - added, after.ru_maxrss);
    if (COUNTS_BYTES)
        assert_true((uint64_t)(after.ru_maxrss - before.ru_maxrss) * 1024 / m->n < EVENT_BYTES_MAX);
    audit_check_free(m->check);
    free(m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_event_takes_little),
};
RUN(tests)

#include "made_trail.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIGEST = 32, SIGNATURE = 64 };

struct made_trail *made_new(void)
{
    struct made_trail *t = calloc(1, sizeof *t);

    assert_non_null(t);
    t->now_ms = 1795321310000;
    return t;
}

void made_free(struct made_trail *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->events[i].data);
    free(t);
}

void made_digest(const struct made_event *event, uint8_t ret[static 32])
{
    assert_non_null(SHA256(event->data, event->n, ret));
}

/* ---- keys ---- */

static EVP_PKEY *key_of(uint32_t id)
{
    uint8_t seed[32] = {0};
    EVP_PKEY *key;

    memcpy(seed, &id, sizeof id);
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    assert_non_null(key);
    return key;
}

void made_public_key(uint32_t key_id, uint8_t ret[static 32])
{
    EVP_PKEY *key = key_of(key_id);
    size_t n = 32;

    assert_int_equal(EVP_PKEY_get_raw_public_key(key, ret, &n), 1);
    EVP_PKEY_free(key);
}

void made_signature(uint32_t key_id, const char *prefix, ProtobufCBinaryData body,
                    uint8_t ret[static 64])
{
    size_t n_prefix = strlen(prefix), n = n_prefix + body.len, n_signature = SIGNATURE;
    uint8_t *message = malloc(n);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *key = key_of(key_id);

    assert_non_null(message);
    memcpy(message, prefix, n_prefix);
    memcpy(message + n_prefix, body.data, body.len);
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, ret, &n_signature, message, n), 1);
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(context);
    free(message);
}

void made_sign(uint32_t key_id, ProtobufCBinaryData body, uint8_t signature[static 64],
               Twofold__V1__Checkpoint *ret)
{
    made_signature(key_id, "twofold-checkpoint-1\n", body, signature);
    twofold__v1__checkpoint__init(ret);
    ret->key_id = key_id;
    ret->body = body;
    ret->signature = (ProtobufCBinaryData){.data = signature, .len = SIGNATURE};
}

/* ---- chains ---- */

static struct made_chain *chain_of(struct made_trail *t, const char *org, const char *username)
{
    struct made_chain *c = t->chains;

    for (; c < t->chains + t->n_chains; c++)
        if (strcmp(c->org, org) == 0 && strcmp(c->username, username) == 0)
            return c;
    assert_true(t->n_chains < MADE_CHAINS_MAX);
    t->n_chains++;
    snprintf(c->org, sizeof c->org, "%s", org);
    snprintf(c->username, sizeof c->username, "%s", username);
    c->is_covered = true;
    return c;
}

const struct made_chain *made_chain(const struct made_trail *t, const char *org,
                                    const char *username)
{
    for (const struct made_chain *c = t->chains; c < t->chains + t->n_chains; c++)
        if (strcmp(c->org, org) == 0 && strcmp(c->username, username) == 0)
            return c;
    fail_msg("no chain %s %s", org, username);
    return NULL;
}

/* ---- events ---- */

static struct made_event encode(const Twofold__V1__AuditEvent *event)
{
    struct made_event e = {.n = twofold__v1__audit_event__get_packed_size(event)};

    e.data = malloc(e.n);
    assert_non_null(e.data);
    twofold__v1__audit_event__pack(event, e.data);
    return e;
}

Twofold__V1__AuditEvent *made_read(const struct made_trail *t, size_t i)
{
    Twofold__V1__AuditEvent *event =
        twofold__v1__audit_event__unpack(NULL, t->events[i].n, t->events[i].data);

    assert_non_null(event);
    return event;
}

void made_replace(struct made_trail *t, size_t i, const Twofold__V1__AuditEvent *event)
{
    struct made_event e = encode(event);

    free(t->events[i].data);
    t->events[i] = e;
}

static void begin(struct made_trail *t, Twofold__V1__AuditEvent *e, const struct made_chain *c,
                  char id[static 37])
{
    twofold__v1__audit_event__init(e);
    t->now_ms += 1000;
    snprintf(id, 37, "%08x-0000-7000-8000-%012x", (unsigned)(t->now_ms >> 16), ++t->ids);
    e->id = id;
    e->time_unix_ms = t->now_ms;
    e->org = (char *)c->org;
    e->username = (char *)c->username;
    e->outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__SUCCESS;
    e->instance = "AAAABBBBCCCC";
    e->key_id = 1;
    e->policy_version = 3;
    e->sequence = c->sequence + 1;
    if (c->sequence > 0)
        e->previous_digest = (ProtobufCBinaryData){.data = (uint8_t *)c->digest, .len = DIGEST};
}

static size_t finish(struct made_trail *t, const Twofold__V1__AuditEvent *e, uint8_t *ret_digest)
{
    assert_true(t->n < MADE_EVENTS_MAX);
    t->events[t->n] = encode(e);
    made_digest(&t->events[t->n], ret_digest);
    return t->n++;
}

size_t made_add(struct made_trail *t, const char *org, const char *username, const char *type)
{
    struct made_chain *c = chain_of(t, org, username);
    Twofold__V1__AuditEvent e;
    char id[37];
    size_t i;

    begin(t, &e, c, id);
    e.type = (char *)type;
    i = finish(t, &e, c->digest);
    c->sequence++;
    c->is_covered = false;
    if (strcmp(type, "user.deleted") == 0) {
        t->ended[t->n_ended++] = *c;
        c->sequence = 0;
        c->is_covered = true;
    }
    return i;
}

size_t made_add_loose(struct made_trail *t, const char *org, const char *username)
{
    struct made_chain none = {0};
    struct made_loose *loose = &t->loose[t->n_loose++];
    Twofold__V1__AuditEvent e;
    char id[37];

    assert_true(t->n_loose <= MADE_LOOSE_MAX);
    snprintf(loose->org, sizeof loose->org, "%s", org);
    snprintf(loose->username, sizeof loose->username, "%s", username);
    begin(t, &e, &none, id);
    e.org = loose->org;
    e.username = loose->username;
    e.type = "login.failed";
    e.outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED;
    e.reason = TWOFOLD__V1__AUDIT_EVENT__REASON__UNKNOWN_USER;
    e.sequence = 0;
    return finish(t, &e, loose->digest);
}

/* ---- checkpoints ---- */

struct heads {
    Twofold__V1__CheckpointBody__Head at[MADE_CHAINS_MAX * 2 + MADE_LOOSE_MAX];
    Twofold__V1__CheckpointBody__Head *pointers[MADE_CHAINS_MAX * 2 + MADE_LOOSE_MAX];
    size_t n;
};

static void head_add(struct heads *h, const char *username, uint64_t sequence, uint8_t *digest)
{
    Twofold__V1__CheckpointBody__Head *head = &h->at[h->n];

    twofold__v1__checkpoint_body__head__init(head);
    head->username = (char *)username;
    head->sequence = sequence;
    head->digest = (ProtobufCBinaryData){.data = digest, .len = DIGEST};
    h->pointers[h->n++] = head;
}

static void collect_heads(struct made_trail *t, const char *org, struct heads *h)
{
    for (size_t i = 0; i < t->n_ended; i++)
        if (strcmp(t->ended[i].org, org) == 0 && !t->ended[i].is_covered)
            head_add(h, t->ended[i].username, t->ended[i].sequence, t->ended[i].digest);
    for (size_t i = 0; i < t->n_chains; i++)
        if (strcmp(t->chains[i].org, org) == 0 && t->chains[i].username[0] &&
            !t->chains[i].is_covered)
            head_add(h, t->chains[i].username, t->chains[i].sequence, t->chains[i].digest);
    for (size_t i = 0; i < t->n_loose; i++)
        if (strcmp(t->loose[i].org, org) == 0)
            head_add(h, t->loose[i].username, 0, t->loose[i].digest);
}

static void forget_covered(struct made_trail *t, const char *org)
{
    for (size_t i = 0; i < t->n_chains; i++)
        if (strcmp(t->chains[i].org, org) == 0)
            t->chains[i].is_covered = true;
    for (size_t i = 0; i < t->n_ended; i++)
        if (strcmp(t->ended[i].org, org) == 0)
            t->ended[i].is_covered = true;
    for (size_t i = 0; i < t->n_loose; i++)
        if (strcmp(t->loose[i].org, org) == 0)
            t->loose[i].org[0] = '\0';
}

static size_t finish_checkpoint(struct made_trail *t, Twofold__V1__AuditEvent *e,
                                const struct heads *heads, uint32_t key_id)
{
    Twofold__V1__CheckpointBody body = TWOFOLD__V1__CHECKPOINT_BODY__INIT;
    Twofold__V1__Checkpoint checkpoint;
    struct made_chain *own = chain_of(t, e->org, "");
    uint8_t signature[SIGNATURE], bytes[16 * 1024];

    body.event_id = e->id;
    body.org = e->org;
    body.instance = e->instance;
    body.time_unix_ms = e->time_unix_ms;
    body.sequence = e->sequence;
    body.previous_digest = e->previous_digest;
    body.policy_version = e->policy_version;
    e->key_id = key_id;
    body.heads = (Twofold__V1__CheckpointBody__Head **)heads->pointers;
    body.n_heads = heads->n;
    assert_true(twofold__v1__checkpoint_body__get_packed_size(&body) <= sizeof bytes);
    made_sign(key_id,
              (ProtobufCBinaryData){.data = bytes,
                                    .len = twofold__v1__checkpoint_body__pack(&body, bytes)},
              signature, &checkpoint);
    e->checkpoint = &checkpoint;
    own->sequence++;
    return finish(t, e, own->digest);
}

size_t made_checkpoint(struct made_trail *t, const char *org, uint32_t key_id)
{
    Twofold__V1__AuditEvent e;
    struct heads heads = {.n = 0};
    struct made_chain before = *chain_of(t, org, "");
    char id[37];

    collect_heads(t, org, &heads);
    begin(t, &e, &before, id);
    e.type = "audit.checkpoint";
    forget_covered(t, org);
    return finish_checkpoint(t, &e, &heads, key_id);
}

/* ---- a whole one ---- */

static void live(struct made_trail *t, const char *org, const char *username, int n)
{
    for (int i = 0; i < n; i++)
        made_add(t, org, username, i % 3 ? "verification.succeeded" : "verification.failed");
}

static void first_days(struct made_trail *t, uint32_t key)
{
    made_add(t, "acme", "", "service.started");
    made_add(t, "beta", "", "policy.changed");
    made_add(t, "acme", "alice", "user.created");
    made_add(t, "beta", "alice", "user.created");
    live(t, "acme", "alice", 4);
    made_add_loose(t, "acme", "nobody");
    made_add(t, "acme", "bob", "user.created");
    live(t, "beta", "alice", 2);
    live(t, "acme", "bob", 3);
    made_checkpoint(t, "acme", key);
    made_checkpoint(t, "beta", key);
}

/* Bob goes, and another one comes, between two checkpoints. */
static void bob_changes(struct made_trail *t)
{
    live(t, "acme", "alice", 2);
    live(t, "acme", "bob", 2);
    made_add(t, "acme", "bob", "user.deleted");
    made_add(t, "acme", "carol", "user.created");
    made_add(t, "acme", "dora", "user.created");
    made_add(t, "acme", "dora", "user.deleted");
    made_add(t, "acme", "dora", "user.created");
    made_add_loose(t, "acme", "nobody");
    made_add_loose(t, "acme", "bob");
    made_add(t, "acme", "bob", "user.created");
    live(t, "acme", "bob", 2);
}

struct made_trail *made_story(uint32_t key, uint32_t old_key)
{
    struct made_trail *t = made_new();

    first_days(t, key);
    bob_changes(t);
    made_checkpoint(t, "acme", old_key);
    made_add(t, "acme", "", "service.started");
    live(t, "acme", "alice", 3);
    live(t, "beta", "alice", 3);
    made_checkpoint(t, "acme", key);
    live(t, "acme", "bob", 2);
    made_add(t, "acme", "carol", "user.deleted");
    made_checkpoint(t, "acme", key);
    made_checkpoint(t, "beta", key);
    return t;
}

/* ---- what an attacker does ---- */

void made_take_out(struct made_trail *t, size_t i)
{
    t->events[i].n = 0;
}

void made_move_last(struct made_trail *t, size_t i)
{
    struct made_event last = t->events[t->n - 1];

    memmove(&t->events[i + 1], &t->events[i], (t->n - 1 - i) * sizeof t->events[0]);
    t->events[i] = last;
}

void made_chain_anew(struct made_trail *t, size_t i)
{
    Twofold__V1__AuditEvent *e = made_read(t, i);
    uint64_t sequence = e->sequence;
    uint8_t digest[DIGEST];

    for (size_t k = i + 1; k < t->n; k++) {
        Twofold__V1__AuditEvent *next = made_read(t, k);

        if (strcmp(next->org, e->org) == 0 && strcmp(next->username, e->username) == 0 &&
            next->sequence == sequence + 1) {
            made_digest(&t->events[i], digest);
            memcpy(next->previous_digest.data, digest, sizeof digest);
            made_replace(t, k, next);
            i = k;
            sequence++;
        }
        twofold__v1__audit_event__free_unpacked(next, NULL);
    }
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

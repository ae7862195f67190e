/*
 * Everything is kept until the end, about a hundred bytes an event: only then is it known whether a
 * missing event came late, which copy of a doubled number goes on, and what a later checkpoint
 * signs. So the order in which events arrive changes nothing.
 */
#include "audit_check_parts.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_AT_FIRST = 256 };

const char *audit_finding_name(enum audit_finding_kind kind)
{
    static const char *const names[AUDIT_FINDINGS] = {
#define X(name, text) [AUDIT_FINDING_##name] = (text),
        AUDIT_FINDING_LIST(X)
#undef X
    };

    return names[kind];
}

bool grow(void *memory, struct room *room, size_t size)
{
    size_t capacity = room->capacity + room->capacity / 2 + 16;
    void *grown;

    if (room->n < room->capacity)
        return true;
    if (room->n >= NO_INDEX - 1)
        return false;
    memcpy(&grown, memory, sizeof grown);
    grown = reallocarray(grown, capacity, size);
    if (!grown)
        return false;
    memcpy(memory, &grown, sizeof grown);
    room->capacity = capacity;
    return true;
}

struct audit_finding finding_of(const struct audit_check *check, enum audit_finding_kind kind,
                                uint32_t chain)
{
    const struct chain *c = &check->chains[chain];

    return (struct audit_finding){.kind = kind, .org = c->org, .username = c->username};
}

void tell(struct audit_check *check, const struct audit_finding *finding)
{
    check->findings++;
    check->teller.tell(finding, check->teller.ctx);
}

/* ---- chains ---- */

/* Salted, so that nobody can choose names that all fall into one slot. False: it failed. */
static bool chain_hash(const struct audit_check *check, const char *org, const char *username,
                       uint64_t *ret)
{
    uint8_t text[SALT_BYTES + 1 + ORG_BYTES_MAX + 1 + USERNAME_BYTES_MAX];
    uint8_t digest[AUDIT_DIGEST_BYTES];
    size_t n_org = strlen(org), n_name = username ? strlen(username) : 0, n = 0;

    memcpy(text, check->salt, SALT_BYTES);
    n += SALT_BYTES;
    text[n++] = username != NULL;
    memcpy(text + n, org, n_org + 1);
    n += n_org + 1;
    if (n_name > 0)
        memcpy(text + n, username, n_name);
    if (!digest_of(text, n + n_name, digest))
        return false;
    memcpy(ret, digest, sizeof *ret);
    return true;
}

static bool names_equal(const struct chain *chain, const char *org, const char *username)
{
    if (!chain->username != !username || strcmp(chain->org, org) != 0)
        return false;
    return !username || strcmp(chain->username, username) == 0;
}

/* The slot of the chain, or the free one where it belongs. */
static uint32_t *chain_slot(const struct audit_check *check, const char *org, const char *username,
                            uint64_t hash)
{
    size_t i = hash & (check->n_slots - 1);

    for (; check->slots[i] != 0; i = (i + 1) & (check->n_slots - 1)) {
        const struct chain *chain = &check->chains[check->slots[i] - 1];

        if (chain->hash == hash && names_equal(chain, org, username))
            break;
    }
    return &check->slots[i];
}

static bool slots_double(struct audit_check *check)
{
    size_t n = check->n_slots ? check->n_slots * 2 : SLOTS_AT_FIRST;
    uint32_t *slots = calloc(n, sizeof *slots);

    if (!slots)
        return false;
    free(check->slots);
    check->slots = slots;
    check->n_slots = n;
    for (uint32_t i = 0; i < check->n_chains.n; i++) {
        const struct chain *c = &check->chains[i];

        *chain_slot(check, c->org, c->username, c->hash) = i + 1;
    }
    return true;
}

static bool org_add(struct audit_check *check, uint32_t chain)
{
    if (!grow(&check->orgs, &check->n_orgs, sizeof *check->orgs))
        return false;
    check->orgs[check->n_orgs.n++] = (struct org){.chain = chain, .first_trust = NO_INDEX};
    return true;
}

/* A user's chain is made after its organization's own, and borrows its name. */
static bool chain_fill(struct audit_check *check, struct chain *c, const char *org,
                       const char *username)
{
    uint32_t own;

    if (!username) {
        c->org = strdup(org);
        c->org_index = (uint32_t)check->n_orgs.n;
        return c->org && org_add(check, (uint32_t)check->n_chains.n);
    }
    own = chain_index(check, org, NULL);
    if (own == NO_INDEX)
        return false;
    c->org = check->chains[own].org;
    c->org_index = check->chains[own].org_index;
    c->username = strdup(username);
    return c->username != NULL;
}

static uint32_t chain_add(struct audit_check *check, const char *org, const char *username,
                          uint64_t hash)
{
    struct chain c = {.hash = hash};

    if (!chain_fill(check, &c, org, username) ||
        !grow(&check->chains, &check->n_chains, sizeof *check->chains) ||
        ((check->n_chains.n + 1) * 2 > check->n_slots && !slots_double(check))) {
        free(username ? c.username : c.org);
        return NO_INDEX;
    }
    check->chains[check->n_chains.n] = c;
    *chain_slot(check, org, username, hash) = (uint32_t)check->n_chains.n + 1;
    return (uint32_t)check->n_chains.n++;
}

uint32_t chain_index(struct audit_check *check, const char *org, const char *username)
{
    uint64_t hash;
    uint32_t slot;

    if (!chain_hash(check, org, username, &hash))
        return NO_INDEX;
    slot = check->n_slots ? *chain_slot(check, org, username, hash) : 0;
    return slot ? slot - 1 : chain_add(check, org, username, hash);
}

/* ---- events ---- */

/* What is wrong with EVENT by itself; NULL: nothing. */
static const char *event_fault(const Twofold__V1__AuditEvent *e)
{
    if (e->id[0] == '\0' || e->org[0] == '\0' || !strchr(e->type, '.'))
        return "is no audit event";
    if (strlen(e->org) > ORG_BYTES_MAX || strlen(e->username) > USERNAME_BYTES_MAX)
        return "has a name that is too long";
    if (e->sequence == 0 && e->username[0] == '\0')
        return "belongs to no chain";
    if (e->previous_digest.len != (e->sequence > 1 ? AUDIT_DIGEST_BYTES : 0))
        return "has a malformed previous_digest";
    return NULL;
}

static bool record_fill(struct audit_check *check, const Twofold__V1__AuditEvent *event,
                        const struct audit_message *message, struct record *r)
{
    *r = (struct record){.sequence = event->sequence,
                         .at = message->at,
                         .time_ms = event->time_unix_ms,
                         .parent = NO_INDEX,
                         .child = NO_INDEX,
                         .start = NO_INDEX};
    r->is_deletion = strcmp(event->type, "user.deleted") == 0;
    r->chain = chain_index(check, event->org, event->username[0] ? event->username : NULL);
    if (event->previous_digest.len > 0)
        memcpy(r->previous, event->previous_digest.data, AUDIT_DIGEST_BYTES);
    return r->chain != NO_INDEX && digest_of(message->data, message->n, r->digest);
}

/* The digest says it all: it covers organization and number. */
static void end_seen(struct audit_check *check, const uint8_t digest[static AUDIT_DIGEST_BYTES])
{
    for (size_t i = 0; i < check->n_ends.n; i++) {
        struct head *end = &check->ends[i];

        if (end->is_seen || !digests_equal(end->digest, digest))
            continue;
        end->is_seen = true;
        check->ends_to_see--;
    }
}

static bool event_take(struct audit_check *check, const Twofold__V1__AuditEvent *event,
                       const struct audit_message *message)
{
    struct record *r;

    if (!grow(&check->records, &check->n_records, sizeof *check->records))
        return false;
    r = &check->records[check->n_records.n];
    if (!record_fill(check, event, message, r))
        return false;
    check->n_records.n++;
    if (strcmp(event->type, "audit.dropped") == 0)
        check->dropped_at = message->at;
    if (strcmp(event->type, "service.restored") == 0)
        check->restored_at = message->at;
    if (event->username[0] == '\0')
        end_seen(check, r->digest);
    return checkpoint_take(check, event, r);
}

bool audit_check_add(struct audit_check *check, const struct audit_message *message)
{
    Twofold__V1__AuditEvent *event =
        twofold__v1__audit_event__unpack(NULL, message->n, message->data);
    const char *fault = event ? event_fault(event) : "is no audit event";
    bool ok = true;

    if (fault)
        audit_check_foreign(check, message->at, fault);
    else
        ok = event_take(check, event, message);
    twofold__v1__audit_event__free_unpacked(event, NULL);
    return ok;
}

bool audit_check_look(struct audit_check *check, const struct audit_message *message)
{
    uint8_t digest[AUDIT_DIGEST_BYTES];

    if (!digest_of(message->data, message->n, digest))
        return false;
    end_seen(check, digest);
    return true;
}

void audit_check_foreign(struct audit_check *check, uint64_t at, const char *why)
{
    tell(check, &(struct audit_finding){.kind = AUDIT_FINDING_FOREIGN, .at = at, .why = why});
}

void audit_check_disbelieve(struct audit_check *check, const char *org, const char *why)
{
    tell(check, &(struct audit_finding){.kind = AUDIT_FINDING_ANSWER, .org = org, .why = why});
}

/* ---- what to trust ---- */

static bool is_key(const struct trusted_key *known, const struct audit_key *key)
{
    if (known->id != key->id || memcmp(known->public_key, key->public_key, AUDIT_KEY_BYTES) != 0)
        return false;
    return known->org && key->org ? strcmp(known->org, key->org) == 0 : known->org == key->org;
}

bool audit_check_trust_key(struct audit_check *check, const struct audit_key *from)
{
    struct trusted_key *key = check->keys, *end = check->keys + check->n_keys.n;

    while (key < end && !is_key(key, from))
        key++;
    if (check->n_keys.n > 0 && key < end) {
        key->given_again = key->given_again || key->source != from->source;
        return true;
    }
    if (!grow(&check->keys, &check->n_keys, sizeof *check->keys))
        return false;
    key = &check->keys[check->n_keys.n];
    *key = (struct trusted_key){.id = from->id, .source = from->source};
    key->org = from->org ? strdup(from->org) : NULL;
    if (from->org && !key->org)
        return false;
    memcpy(key->public_key, from->public_key, AUDIT_KEY_BYTES);
    check->n_keys.n++;
    return true;
}

bool audit_check_expect_end(struct audit_check *check, const struct audit_end *end)
{
    struct head head = {.sequence = end->sequence, .checkpoint = NO_INDEX};

    head.chain = chain_index(check, end->org, NULL);
    if (head.chain == NO_INDEX || !grow(&check->ends, &check->n_ends, sizeof *check->ends))
        return false;
    memcpy(head.digest, end->digest, AUDIT_DIGEST_BYTES);
    for (size_t i = 0; i < check->n_records.n && !head.is_seen; i++)
        head.is_seen = digests_equal(check->records[i].digest, head.digest);
    check->ends[check->n_ends.n++] = head;
    check->ends_to_see += !head.is_seen;
    check->orgs[check->chains[head.chain].org_index].end_expected = true;
    return true;
}

bool audit_check_ends_seen(const struct audit_check *check)
{
    return check->ends_to_see == 0;
}

const char *audit_check_org(const struct audit_check *check, size_t i, bool *ret_has_end)
{
    if (i >= check->n_orgs.n)
        return NULL;
    *ret_has_end = check->orgs[i].end_expected;
    return check->chains[check->orgs[i].chain].org;
}

/* ---- the whole ---- */

struct audit_check *audit_check_new(bool starts_anywhere, struct audit_teller teller)
{
    struct audit_check *check = calloc(1, sizeof *check);

    if (!check || RAND_bytes(check->salt, sizeof check->salt) != 1) {
        free(check);
        return NULL;
    }
    check->starts_anywhere = starts_anywhere;
    check->teller = teller;
    return check;
}

void audit_check_free(struct audit_check *check)
{
    if (!check)
        return;
    for (size_t i = 0; i < check->n_chains.n; i++)
        free(check->chains[i].username ? check->chains[i].username : check->chains[i].org);
    for (size_t i = 0; i < check->n_keys.n; i++)
        free(check->keys[i].org);
    free(check->records);
    free(check->chains);
    free(check->orgs);
    free(check->checkpoints);
    free(check->heads);
    free(check->ends);
    free(check->keys);
    free(check->slots);
    free(check);
}

void audit_check_count(const struct audit_check *check, struct audit_counts *ret)
{
    *ret = (struct audit_counts){.events = check->n_records.n,
                                 .chains = check->n_chains.n,
                                 .organizations = check->n_orgs.n,
                                 .checkpoints = check->n_checkpoints.n,
                                 .findings = check->findings};
    for (size_t i = 0; i < check->n_orgs.n; i++)
        ret->after_end += check->orgs[i].after_end;
}

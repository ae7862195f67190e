/*
 * Makes audit trails, chained and signed as the contract says, written against it alone: what the
 * checker is tested with. Not the service's code.
 */
#ifndef TWOFOLD_TESTS_CLIENT_MADE_TRAIL_H
#define TWOFOLD_TESTS_CLIENT_MADE_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twofold/v1/audit.pb-c.h>

enum { MADE_EVENTS_MAX = 512, MADE_CHAINS_MAX = 64, MADE_LOOSE_MAX = 64 };

struct made_event {
    uint8_t *data;
    size_t n;
};

/* Where a chain ends. */
struct made_chain {
    char org[65], username[255]; /* "": the organization's own */
    uint64_t sequence;
    uint8_t digest[32];
    bool is_covered;
};

/* An event that is in no chain, and that no checkpoint names yet. */
struct made_loose {
    char org[65], username[255];
    uint8_t digest[32];
};

struct made_trail {
    struct made_event events[MADE_EVENTS_MAX];
    size_t n;
    struct made_chain chains[MADE_CHAINS_MAX];
    size_t n_chains;
    struct made_loose loose[MADE_LOOSE_MAX];
    size_t n_loose;
    struct made_chain ended[MADE_CHAINS_MAX]; /* by user.deleted, not covered yet */
    size_t n_ended;
    int64_t now_ms;
    unsigned ids;
};

struct made_trail *made_new(void);
void made_free(struct made_trail *t);

/* Appends an event to its chain; user.deleted ends it. Returns its index. */
size_t made_add(struct made_trail *t, const char *org, const char *username, const char *type);

/* Appends an event about a name that nobody has. */
size_t made_add_loose(struct made_trail *t, const char *org, const char *username);

/* Appends ORG's checkpoint over what has none yet, signed with key KEY_ID. */
size_t made_checkpoint(struct made_trail *t, const char *org, uint32_t key_id);

/* Some of everything: two organizations, users who come, go and come again, names that nobody has,
 * several checkpoints, the last of them at the end. Signed with KEY, the second one with OLD_KEY.
 */
struct made_trail *made_story(uint32_t key, uint32_t old_key);

/* The chain as it is now. */
const struct made_chain *made_chain(const struct made_trail *t, const char *org,
                                    const char *username);

void made_public_key(uint32_t key_id, uint8_t ret[static 32]);

/* Reads event I; free it with ...free_unpacked(). */
Twofold__V1__AuditEvent *made_read(const struct made_trail *t, size_t i);

/* Puts EVENT, encoded, in place of event I. */
void made_replace(struct made_trail *t, size_t i, const Twofold__V1__AuditEvent *event);

/* Leaves an event of no bytes behind. */
void made_take_out(struct made_trail *t, size_t i);

/* Moves the last event to place I. */
void made_move_last(struct made_trail *t, size_t i);

/* Chains what follows event I in its chain anew, without the signatures. */
void made_chain_anew(struct made_trail *t, size_t i);

void made_digest(const struct made_event *event, uint8_t ret[static 32]);

/* Ed25519 over PREFIX and BODY, with key KEY_ID. */
void made_signature(uint32_t key_id, const char *prefix, ProtobufCBinaryData body,
                    uint8_t ret[static 64]);

/* Signs BODY with key KEY_ID; RET borrows from SIGNATURE and BODY. */
void made_sign(uint32_t key_id, ProtobufCBinaryData body, uint8_t signature[static 64],
               Twofold__V1__Checkpoint *ret);

#endif

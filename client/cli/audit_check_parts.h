/* What the files of the checker share. */
#ifndef TWOFOLD_CLI_AUDIT_CHECK_PARTS_H
#define TWOFOLD_CLI_AUDIT_CHECK_PARTS_H

#include "audit_check.h"

#include <twofold/v1/audit.pb-c.h>

#define NO_INDEX UINT32_MAX

enum { SALT_BYTES = 16, ORG_BYTES_MAX = 64, USERNAME_BYTES_MAX = 254 };

/* An event, as much of it as is needed to the end. */
struct record {
    uint64_t sequence, at;
    int64_t time_ms; /* when it was decided */
    uint8_t digest[AUDIT_DIGEST_BYTES], previous[AUDIT_DIGEST_BYTES];
    uint32_t chain;
    uint32_t parent; /* record of the event before; NO_INDEX: the first, or it is not there */
    uint32_t child;  /* that which rightly follows */
    uint32_t start;  /* where its life begins: a deleted user's chain begins anew */
    bool is_deletion;
    bool is_copy; /* of the record before it, byte for byte */
    bool proven;  /* a signature or an anchor covers every byte */
    bool aside;   /* it, or one before it, is the false one of a fork */
};

/* What is known of an organization. */
struct org {
    uint32_t chain;       /* its own */
    bool end_expected;    /* by an anchor */
    bool has_end;         /* one that lies within reach */
    uint64_t signed_to;   /* place of the newest event that is trusted to say what is before it */
    uint32_t first_trust; /* the oldest checkpoint that is trusted */
    uint64_t after_end;   /* events after SIGNED_TO that nothing proves */
};

struct chain {
    char *org, *username; /* USERNAME is NULL in the organization's own, ORG is owned there alone */
    uint64_t hash;
    uint32_t org_index;
};

struct checkpoint {
    uint64_t sequence, at;
    uint8_t digest[AUDIT_DIGEST_BYTES];
    uint32_t chain, key_id, first_head, n_heads;
    enum trust trust;
};

/* An event that there must be. */
struct head {
    uint64_t sequence;
    uint8_t digest[AUDIT_DIGEST_BYTES];
    uint32_t chain;
    uint32_t checkpoint; /* NO_INDEX: an anchor */
    bool is_seen;        /* of an anchor */
};

struct trusted_key {
    char *org; /* NULL: of all */
    uint32_t id;
    uint8_t public_key[AUDIT_KEY_BYTES];
    uint32_t source;
    bool given_again; /* by another source */
};

/* Elements of any type; grow() makes room for one more. */
struct room {
    size_t n, capacity;
};

struct audit_check {
    bool starts_anywhere;
    struct audit_teller teller;
    uint8_t salt[SALT_BYTES];
    struct record *records;
    struct chain *chains;
    struct org *orgs;
    struct checkpoint *checkpoints;
    struct head *heads, *ends;
    struct trusted_key *keys;
    struct room n_records, n_chains, n_orgs, n_checkpoints, n_heads, n_ends, n_keys;
    uint32_t *slots; /* of the hash table of chains: an index + 1, 0: free */
    size_t n_slots;
    size_t ends_to_see;
    uint64_t dropped_at, restored_at; /* events that explain gaps and forks; 0: none */
    uint64_t findings;
};

/* audit_check.c */

/* Room for one more element of SIZE bytes. MEMORY is the address of the pointer to the elements,
 * which may move. */
NODISCARD bool grow(void *memory, struct room *room, size_t size);

/* Index of the chain, which is made if there is none; USERNAME is NULL for the organization's own.
 * NO_INDEX when memory is short. */
uint32_t chain_index(struct audit_check *check, const char *org, const char *username);

/* A finding about CHAIN, for the caller to complete. */
struct audit_finding finding_of(const struct audit_check *check, enum audit_finding_kind kind,
                                uint32_t chain);
void tell(struct audit_check *check, const struct audit_finding *finding);

/* audit_check_sign.c */
NODISCARD bool digest_of(const uint8_t *data, size_t n, uint8_t ret[static AUDIT_DIGEST_BYTES]);
bool digests_equal(const uint8_t a[static AUDIT_DIGEST_BYTES],
                   const uint8_t b[static AUDIT_DIGEST_BYTES]);

/* audit_check_checkpoint.c: takes the checkpoint out of EVENT, whose record is RECORD. */
NODISCARD bool checkpoint_take(struct audit_check *check, const Twofold__V1__AuditEvent *event,
                               const struct record *record);

/* audit_check_link.c: sorts the records, links them, and marks what is proven. */
void records_link(struct audit_check *check);

/* The record that is not a copy; NO_INDEX: there is none. */
uint32_t record_find(const struct audit_check *check, uint32_t chain, uint64_t sequence,
                     const uint8_t digest[static AUDIT_DIGEST_BYTES]);

/* audit_check_prove.c */

/* Of two struct head, for qsort: by chain, number and digest. */
int heads_compare(const void *one, const void *two);

/* Leaves in CHECK->heads only what must be there and is not, by chain. */
NODISCARD bool records_prove(struct audit_check *check);

#endif

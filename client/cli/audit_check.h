/*
 * Is an audit trail whole? Takes the events in any order, and at the end names everything that is
 * missing, doubled, forked or changed, and what nothing proves. Reads and prints nothing itself.
 *
 * An event carries its number in its user's chain (without a user: its organization's) and the
 * SHA-256 of the chain's event before it. Checkpoints stand in the organization's chain and sign
 * the newest events of the others. Events about names that nobody has are in no chain, their number
 * is 0: checkpoints sign each of them (proto/twofold/v1/audit.proto).
 */
#ifndef TWOFOLD_CLI_AUDIT_CHECK_H
#define TWOFOLD_CLI_AUDIT_CHECK_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AUDIT_DIGEST_BYTES = 32, AUDIT_KEY_BYTES = 32 };

/* name, text on the wire (--json); the comment says what the fields of struct audit_finding mean */
#define AUDIT_FINDING_LIST(X)                                                                      \
    X(FOREIGN, "foreign")       /* message AT is no event: WHY */                                  \
    X(GAP, "gap")               /* FIRST to LAST are missing; OTHER: a checkpoint says so, or 0 */ \
    X(DUPLICATE, "duplicate")   /* the same event at OTHER and again at AT */                      \
    X(FORK, "fork")             /* two events of that number, OTHER and AT */                      \
    X(CHANGED, "changed")       /* FIRST (OTHER), or LAST (AT): the latter names another before */ \
    X(SIGNED_OTHER, "signed")   /* the checkpoint OTHER (0: an anchor) signs another than AT */    \
    X(UNENDED, "unended")       /* begins anew at OTHER, though AT before it is no deletion */     \
    X(UNCOVERED, "uncovered")   /* no checkpoint signs FIRST to LAST, though later ones follow */  \
    X(SIGNATURE, "signature")   /* checkpoint AT */                                                \
    X(CHECKPOINT, "checkpoint") /* checkpoint AT contradicts itself: WHY */                        \
    X(UNKNOWN_KEY, "key")       /* checkpoint AT is signed with key COUNT, which nobody gave */    \
    X(NO_KEYS, "no_keys")       /* COUNT checkpoints, and no key to check them with */             \
    X(ANSWER, "answer")         /* what the service says of the end is not believed: WHY */        \
    X(END, "end")               /* the anchor goes to LAST; FIRST to LAST are missing */           \
    X(UNPROVEN_END, "unproven") /* nothing says where it must end; COUNT events after AT */

enum audit_finding_kind {
#define X(name, text) AUDIT_FINDING_##name,
    AUDIT_FINDING_LIST(X)
#undef X
        AUDIT_FINDINGS
};

/* "gap". Static. */
const char *audit_finding_name(enum audit_finding_kind kind);

/* What explains a finding without excusing it. */
enum audit_excuse { EXCUSE_NONE, EXCUSE_DROPPED, EXCUSE_RESTORED };

/* AT and OTHER are places as the caller gave them; 0: none. */
struct audit_finding {
    enum audit_finding_kind kind;
    const char *org;      /* NULL: of no chain */
    const char *username; /* NULL: the organization's own chain */
    uint64_t first, last; /* AuditEvent.sequence; 0: none */
    uint64_t at, other, count;
    bool at_is_false, other_is_false; /* which of the two, as a signature proves */
    const char *why;                  /* static */
    enum audit_excuse excuse;
    uint64_t excuse_at; /* where the event with the excuse is */
};

/* Called for each finding, on the calling thread. What it points to is borrowed for the call. */
struct audit_teller {
    void (*tell)(const struct audit_finding *finding, void *ctx);
    void *ctx;
};

struct audit_check;

/* STARTS_ANYWHERE: what comes before the first event may be missing. NULL when memory is short. */
struct audit_check *audit_check_new(bool starts_anywhere, struct audit_teller teller);
void audit_check_free(struct audit_check *check);
DEFINE_CLEANUP(struct audit_check, audit_check_free);
#define auto_audit_check CLEANUP(audit_check_freep) struct audit_check

/* Functions that return bool: false when memory is short, or the library of digests fails. */

struct audit_key {
    const char *org; /* NULL: all */
    uint32_t id;
    const uint8_t *public_key; /* AUDIT_KEY_BYTES */
    uint32_t source;           /* who gave it: a number, 0 for none */
};

/* What the organization's service signs may be signed with this key. */
NODISCARD bool audit_check_trust_key(struct audit_check *check, const struct audit_key *key);

/* What a signature is worth. */
enum trust { TRUST_NONE, TRUST_GOOD, TRUST_BAD, TRUST_UNKNOWN_KEY };

struct audit_signed {
    const char *prefix; /* signed before the body: says what it is */
    uint32_t key_id;
    const uint8_t *body, *signature;
    size_t n_body, n_signature;
    uint32_t source; /* keys that it alone gave do not count; 0: all do */
};

/* What the keys of ORG say of the signature. */
enum trust audit_check_vouch(const struct audit_check *check, const char *org,
                             const struct audit_signed *what);

/* An event of an organization's own chain. It is certain that it is right, and so is all that led
 * to it. */
struct audit_end {
    const char *org;
    uint64_t sequence;
    const uint8_t *digest; /* AUDIT_DIGEST_BYTES */
};

/* The event must be there, and all before it. */
NODISCARD bool audit_check_expect_end(struct audit_check *check, const struct audit_end *end);

/* An event as published. AT: where it was read, from 1 on: its number in the stream, or its line.
 */
struct audit_message {
    const uint8_t *data;
    size_t n;
    uint64_t at;
};

/* What is no event, or a checkpoint that is wrong in itself, is told at once. */
NODISCARD bool audit_check_add(struct audit_check *check, const struct audit_message *message);

/* An event that was read from before the beginning: it is not judged, but it may be an end. */
NODISCARD bool audit_check_look(struct audit_check *check, const struct audit_message *message);

/* Tells that what was read at AT is no event, as the reader found out: WHY, static. */
void audit_check_foreign(struct audit_check *check, uint64_t at, const char *why);

/* Tells that the service's answer about ORG's end is not believed: WHY, static. */
void audit_check_disbelieve(struct audit_check *check, const char *org, const char *why);

/* Have all events been seen that audit_check_expect_end() named? */
bool audit_check_ends_seen(const struct audit_check *check);

/* The name of organization I, in the order they were seen or expected; NULL: there are no more.
 * *RET_HAS_END: is an end expected? */
const char *audit_check_org(const struct audit_check *check, size_t i, bool *ret_has_end);

struct audit_counts {
    uint64_t events, chains, organizations, checkpoints, findings;
    uint64_t after_end; /* newer than all that is signed, so that nothing proves them yet */
};

/* Tells what is wrong. After the last event, once. */
NODISCARD bool audit_check_judge(struct audit_check *check);

void audit_check_count(const struct audit_check *check, struct audit_counts *ret);

#endif

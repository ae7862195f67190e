/* What a seed file wants: organizations, their policies and their users, checked. */
#ifndef TWOFOLD_CLI_SEED_PLAN_H
#define TWOFOLD_CLI_SEED_PLAN_H

#include "seed_tree.h"

#include <twofold/v1/admin.pb-c.h>

enum {
    SEED_ORGS_MAX = 1000,
    SEED_USERS_MAX = 100000,
    SEED_URIS_MAX = 10,
    SEED_POLICY_FIELDS = 13,
    SEED_HASH_SIZE = 96
};

struct seed_user {
    struct seed_at at;
    char *username;
    char *password; /* NULL: none */
    char *uris[SEED_URIS_MAX];
    size_t n_uris;

    bool there;                /* it has been listed, */
    bool active;               /* with a second factor that is in force */
    char hash[SEED_HASH_SIZE]; /* of the password; "": not made yet, or no password */
};

struct seed_org {
    struct seed_at at;
    char *name;
    Twofold__V1__Policy policy; /* what it sets is in MASK; algorithm, digits and period are */
    const char *mask[SEED_POLICY_FIELDS]; /* complete: authenticators are made by them */
    size_t n_mask;
    struct seed_user *users;
    struct seed_user **by_name; /* in byte order of the usernames */
    size_t n_users;

    bool exists;        /* on the bus, */
    bool policy_there;  /* and all that MASK names is as it is to be */
    uint64_t strangers; /* users that were listed and are not the file's */
};

struct seed_plan {
    struct seed_tree tree; /* owns the texts, but not the URIs */
    struct seed_org *orgs;
    size_t n_orgs;
};

enum seed_read { SEED_GOOD, SEED_MISTAKEN, SEED_OUT_OF_MEMORY };

/* Reads N bytes of TEXT; every mistake of a file that can be read at all is named. Free RET with
 * seed_plan_free() in any case. */
NODISCARD enum seed_read seed_plan_read(const char *text, size_t n, struct seed_plan *ret,
                                        struct seed_mistakes *mistakes);

/* Wipes every text. */
void seed_plan_free(struct seed_plan *plan);

/* NULL: the file has no such user of ORG. */
struct seed_user *seed_plan_user(const struct seed_org *org, const char *username);

#endif

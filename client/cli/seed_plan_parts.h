/* What the readers of a seed file's parts share. */
#ifndef TWOFOLD_CLI_SEED_PLAN_PARTS_H
#define TWOFOLD_CLI_SEED_PLAN_PARTS_H

#include "seed_plan.h"

struct plan_reader {
    struct seed_plan *plan;
    struct seed_mistakes *mistakes;
    bool out_of_memory;
};

void plan_mistake(struct plan_reader *r, const struct seed_node *node, const char *field,
                  const char *rule);

/* The names that a map may have, and what is said of others. */
struct plan_names {
    const char *const *names;
    size_t n;
    const char *rule;
};

/* Of MAP, RET[i] becomes the value of the name i: NULL where there is none, or nothing in it.
 * False: it is no map. */
NODISCARD bool plan_open(struct plan_reader *r, const struct seed_node *map,
                         const struct plan_names *names, const struct seed_node **ret);

/* The text of NODE; what reads as a number or a truth value must be in quotes. NULL: it is none. */
char *plan_text(struct plan_reader *r, const struct seed_node *node, const char *field);

/* Has NODE no value: is it nothing at all, or null? */
bool plan_is_null(const struct seed_node *node);

/* Sets FIELD of POLICY from NODE; what it must not be is named, and POLICY stays as it is. */
NODISCARD bool plan_set(struct plan_reader *r, Twofold__V1__Policy *policy, const char *field,
                        const struct seed_node *node);

/* Reads the policy of ORG; NODE may be NULL. */
void plan_policy(struct plan_reader *r, struct seed_org *org, const struct seed_node *node);

/* Reads the users of ORG, whose policy is read; NODE may be NULL. */
void plan_users(struct plan_reader *r, struct seed_org *org, const struct seed_node *node);

#endif

/* What a seed asks of the service, an organization at a time. */
#ifndef TWOFOLD_CLI_SEED_BUS_H
#define TWOFOLD_CLI_SEED_BUS_H

#include "cli.h"
#include "progress.h"
#include "seed_plan.h"

struct seed_sums {
    uint64_t created, there, replaced, authenticators, refused;
    bool policy_set; /* or the organization was made */
};

struct seed_run {
    struct cli *cli;
    const char *file; /* as mistakes name it */
    struct seed_plan plan;
    struct progress progress;
    uint64_t n_users, n_done; /* of all organizations */
};

/* Connects as ORG, in place of whom was connected before. */
NODISCARD enum exit_code seed_connect(struct seed_run *run, const struct seed_org *org);

/* Asks for METHOD of Admin, again while the service is busy. Failure is left in CLI->error. */
NODISCARD enum twofold_status seed_call(struct seed_run *run, const char *method,
                                        const ProtobufCMessage *request, ProtobufCMessage **ret);

/* Prints CLI->error as one of ORG. */
enum exit_code seed_call_failed(struct seed_run *run, const struct seed_org *org);

/* Finds out what is there of ORG: itself, its policy, its users. Changes nothing. */
NODISCARD enum exit_code seed_look(struct seed_run *run, struct seed_org *org);

/* Makes ORG what the file says, after seed_look(). RET tells what was done, also on failure. */
NODISCARD enum exit_code seed_send(struct seed_run *run, struct seed_org *org,
                                   struct seed_sums *ret);

#endif

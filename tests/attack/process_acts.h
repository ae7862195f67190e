/* What a process may try, a row each: forbidden to a confined one, or needed by it. */
#ifndef TWOFOLD_TESTS_ATTACK_PROCESS_ACTS_H
#define TWOFOLD_TESTS_ATTACK_PROCESS_ACTS_H

#include "config/config.h"

struct act {
    const char *name;
    int (*run)(const struct config *config);     /* 0 or an errno */
    void (*before)(const struct config *config); /* what is opened before the process is confined */
    int refused;                                 /* with this errno when confined; */
    int freely;                                  /* with this one, or 0, when not */
    bool may_be_denied; /* by the system, to any process; free, it may fail with any other errno */
    bool in_etc;        /* allowed when the bus is addressed by name */
};

/* Each ends with a row without a name. */
extern const struct act acts_on_the_kernel[], acts_on_files[], acts_needed[];

/* Makes the keyring and what the acts are tried on, in the folders of CONFIG (which exist) and in
 * ELSEWHERE; and removes it again. */
void act_prepare(const struct config *config, const char *elsewhere, struct diag *reterr);
void act_clean(const struct config *config);

#endif

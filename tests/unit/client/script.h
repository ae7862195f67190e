/* A service that follows a script: what it is asked, byte for byte, and what it answers. */
#ifndef TWOFOLD_TESTS_CLIENT_SCRIPT_H
#define TWOFOLD_TESTS_CLIENT_SCRIPT_H

#include "support/nats_server.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

/* One request that must come, and its answer. */
struct step {
    const char *method; /* NULL: the script's end */
    const ProtobufCMessage *request, *reply;
    const char *code; /* with it the reply is an Error */
};

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    const struct step *steps;
    int at;
    bool strayed; /* something else was asked */
};

int script_set_up(void **state);
int script_tear_down(void **state);

/* Runs the tool against STEPS, all of which must be asked; on a terminal or with INPUT as a file.
 */
void script_run(struct bench *bench, const struct step *steps, const char *args, const char *input);
void script_run_on_terminal(struct bench *bench, const struct step *steps, const char *args,
                            const char *input);

#endif

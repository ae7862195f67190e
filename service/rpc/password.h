/* The password of a request: gate, hash (elsewhere), verdict - before the handler is asked. */
#ifndef TWOFOLD_RPC_PASSWORD_H
#define TWOFOLD_RPC_PASSWORD_H

#include "rpc/method.h"

/* What the hash of this call is to be checked against; "": a new hash is wanted. */
const char *password_target(const struct rpc_call *call);

/*
 * ERR_OK and RET_WAIT false: the password is judged good (or there is none to judge), the handler
 * may run. RET_WAIT true: a hash is needed first; submit call->ask.password with password_target().
 * LOCKED, SUSPENDED, WRONG_CREDENTIALS: settled.
 */
NODISCARD enum err password_stage(struct rpc_call *call, bool *ret_wait);

#endif

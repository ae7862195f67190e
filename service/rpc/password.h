/* The password of a request: gate, hash (elsewhere), verdict - before the handler is asked. */
#ifndef TWOFOLD_RPC_PASSWORD_H
#define TWOFOLD_RPC_PASSWORD_H

#include "rpc/method.h"

/*
 * ERR_OK and RET_WAIT false: the password is judged good (or there is none to judge), the handler
 * may run. RET_WAIT true: a hash is needed first, that of password_prepare().
 * LOCKED, SUSPENDED, WRONG_CREDENTIALS: settled. UNAVAILABLE: the stored hash is damaged.
 */
NODISCARD enum err password_stage(struct rpc_call *call, bool *ret_wait);

/* Fills the job whose hash the call waits for, as password_stage() said of it. */
void password_prepare(const struct rpc_call *call, struct password_job *ret);

#endif

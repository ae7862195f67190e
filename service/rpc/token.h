/*
 * Step tokens as callers see them: sealed by the service (AES-256-GCM under a key of the keyring),
 * 128 random bits of identity inside, bound to the organization. The seal only says whose token it
 * is; whether it lives, and for what, the user's record says - so there is nothing in it to replay.
 */
#ifndef TWOFOLD_RPC_TOKEN_H
#define TWOFOLD_RPC_TOKEN_H

#include "rpc/method.h"

/* Text of the token ID of call->ask.username, in the arena. */
NODISCARD enum err token_seal(struct rpc_call *call, const uint8_t id[static TOKEN_ID_BYTES],
                              const char **ret_text);

/* Opens call->ask.step_token: sets ask.token_id and ask.username. ERR_INVALID_TOKEN. */
NODISCARD enum err token_open(struct rpc_call *call);

/* Page tokens of ListUsers: the last username, sealed. */
NODISCARD enum err page_token_seal(struct rpc_call *call, const char *last, const char **ret_text);
/* ERR_VALIDATION for anything that is not a page token of this organization. */
NODISCARD enum err page_token_open(struct rpc_call *call, const char **ret_last);

#endif

/* Enrollment.Begin: what is known of it before its picture is drawn (the handler is in method.h).
 */
#ifndef TWOFOLD_RPC_BEGIN_H
#define TWOFOLD_RPC_BEGIN_H

#include "rpc/method.h"

/* Is a picture to be drawn before the handler is asked? False when there is one, when none is
 * needed, and when the handler refuses anyway. No code is looked at: that a picture was drawn tells
 * nothing. */
bool begin_waits(struct rpc_call *call);

/* Draws a key and says what the picture is to show, going by the call as it was loaded. */
NODISCARD enum err begin_prepare(const struct rpc_call *call, struct rendering *ret);

#endif

/*
 * A request that is asked until it is answered: what may have been executed without an answer
 * (no connection, nobody serving, no reply) is asked again under the same request id, as long as
 * the service keeps first answers, and then given up as UNKNOWN.
 */
#ifndef TWOFOLD_TESTS_LEDGER_ASKING_H
#define TWOFOLD_TESTS_LEDGER_ASKING_H

#include "book.h"

/* The service forgets after 30 s (rule 9); what was sent may wait a while before it is looked at.
 */
enum { ASKING_MS = 20 * 1000, TRY_MS = 1500, PAUSE_MS = 50 };

int64_t unix_ms(void);
void pause_ms(int ms);

/* Sends CALL, filling E's request_id, method, times, tries and answer; the caller writes E to the
 * book. The reply when the answer is OK, for twofold_reply_free; else NULL. With ONCE it is not
 * asked again. */
ProtobufCMessage *asking(struct twofold_client *client, struct twofold_call *call, struct entry *e,
                         bool once);

#endif

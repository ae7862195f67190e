/*
 * How many audit events wait, for service discovery, which must not wait itself: to read the outbox
 * may take as long as another process holds the database, and a process that was stopped holds it
 * for ever. So a thread of its own looks, and whoever asks waits for it a moment at most.
 */
#ifndef TWOFOLD_BACKLOG_LOOKER_H
#define TWOFOLD_BACKLOG_LOOKER_H

#include "audit/backlog.h"

struct backlog_looker;

/* Starts the thread; STORE is borrowed until backlog_looker_close. ERR_UNAVAILABLE without memory
 * or threads. */
NODISCARD enum err backlog_looker_open(struct store *store, struct backlog_looker **ret_looker);

/* Waits until the thread is done with the look that it is at, if any, and ends it. NULL is fine. */
void backlog_looker_close(struct backlog_looker *l);

/* What is there now. False when it cannot be read, or not soon. From any thread. */
bool backlog_looker_ask(struct backlog_looker *l, struct backlog *ret);

#endif

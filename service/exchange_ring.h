/* Exchanges on their way from one thread to another, in order: one thread puts, one takes. */
#ifndef TWOFOLD_EXCHANGE_RING_H
#define TWOFOLD_EXCHANGE_RING_H

#include "rpc/dispatch.h"

struct exchange_ring;

/* Room for MAX; NULL when there is no memory. */
struct exchange_ring *exchange_ring_new(size_t max);

/* Frees it and the exchanges in it; no thread may use it any more. NULL is fine. */
void exchange_ring_free(struct exchange_ring *r);

/* How many may be put: it only grows until the next put. */
size_t exchange_ring_room(struct exchange_ring *r);

/* Takes the N exchanges of LIST over, for which there must be room. */
void exchange_ring_put(struct exchange_ring *r, struct exchange *const *list, size_t n);

/* Waits up to TIMEOUT_US until there is an exchange or a wake, then gives every exchange that is
 * there, at most MAX, in order; their number. */
size_t exchange_ring_take(struct exchange_ring *r, int64_t timeout_us, struct exchange **ret,
                          size_t max);

/* Makes a take of now or later return at once. From any thread. */
void exchange_ring_wake(struct exchange_ring *r);

#endif

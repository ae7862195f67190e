/* Messages that wait: bounded in number and in bytes. */
#ifndef TWOFOLD_TRANSPORT_BUS_QUEUE_H
#define TWOFOLD_TRANSPORT_BUS_QUEUE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

struct bus_message;
struct bus_queue;

/* Room for MAX messages of MAX_BYTES in all; NULL when there is no memory. */
struct bus_queue *bus_queue_new(size_t max, size_t max_bytes);

/* Frees an empty queue that no thread uses any more; NULL is fine. */
void bus_queue_free(struct bus_queue *q);

/* Takes MESSAGE over; false when it is full, and then it does not. From any thread. A message may
 * exceed what is left of the bytes only when it is alone. */
NODISCARD bool bus_queue_put(struct bus_queue *q, struct bus_message *message, size_t bytes);

/* Waits up to TIMEOUT_MS until there is a message or a wake, then gives every message that is
 * there, at most MAX, in order; their number. */
size_t bus_queue_take(struct bus_queue *q, int timeout_ms, struct bus_message **ret, size_t max);

/* Is there nothing in it at the moment? */
bool bus_queue_empty(struct bus_queue *q);

/* Makes a take of now or later return at once. From any thread. */
void bus_queue_wake(struct bus_queue *q);

#endif

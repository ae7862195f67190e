/*
 * The only pipeline: size, route, decode, parse - then, for a whole batch in one transaction: load,
 * judge the password, handle, encode - commit - and only then are there replies. Handlers never
 * send, commit, log or free; exactly one reply for each request by construction.
 *
 * exchange_new and exchange_free are called one at a time, by any thread; exchange_answer by
 * whoever has the exchange; all else by one thread, which exchanges are handed over to and come
 * back from.
 */
#ifndef TWOFOLD_RPC_DISPATCH_H
#define TWOFOLD_RPC_DISPATCH_H

#include "rpc/method.h"

struct dispatcher;
struct exchange; /* one request on its way */

struct dispatcher_options {
    struct store *store; /* these are borrowed */
    const struct keyring *keyring;
    struct side_pool *pool;
    struct clock clock;
    struct password_cost password_cost;
    const char *instance; /* id of this process in audit events */
    struct audit_limits audit;
};

NODISCARD enum err dispatcher_new(const struct dispatcher_options *options,
                                  struct dispatcher **ret_dispatcher);
/* All exchanges must be free. NULL is fine. */
void dispatcher_free(struct dispatcher *d);

/* A request as it came from the bus; copied, so nothing is kept. Text is NUL-terminated. */
struct incoming {
    const char *subject, *reply_to;
    struct bytes payload;
    const char *request_id, *traceparent; /* "" when absent */
    const char *actor;                    /* attested identity, "" when there is none */
    bool actor_doubtful;                  /* attested, but not to be read: refused */
};

/* Takes a request in: it is ready, or done already with a refusal that needs no look at the store.
 * NULL without memory. */
struct exchange *exchange_new(struct dispatcher *d, const struct incoming *in);
/* Wipes all of it. NULL is fine. */
void exchange_free(struct exchange *x);

/*
 * Decides every exchange of BATCH that is ready in one transaction, commits once, and hands those
 * that need a password's hash or a picture to the pool. Afterwards each is done or waits for that.
 * When anything breaks, the batch is undone and done again one by one, so that one request cannot
 * spoil the others'. ERR_UNAVAILABLE when the store is broken: send the replies, then end the
 * process.
 */
NODISCARD enum err dispatcher_run(struct dispatcher *d, struct exchange **batch, size_t n);

/* Housekeeping, about once a second, with what the bus has TAKEN of the events since: marks that,
 * removes events that need not be kept any more and kept answers that have expired, tells failures
 * that were counted, and signs checkpoints. ERR_UNAVAILABLE as above; a full database is no error
 * here. */
NODISCARD enum err dispatcher_tidy(struct dispatcher *d, const struct outbox_taken *taken);

/* Did the last housekeeping leave something, as it would have taken too long? Then it is to come
 * again soon. */
bool dispatcher_untidy(const struct dispatcher *d);

/* Has the store show that it can write what a request would: store_proof tells how that went.
 * ERR_UNAVAILABLE only when the store is broken, as above. */
NODISCARD enum err dispatcher_prove(struct dispatcher *d);

/* Why requests are refused whatever they ask, and what to do; static. NULL: they are not. From any
 * thread. */
const char *dispatcher_trouble(const struct dispatcher *d);

/* When no request is to come any more: signs a checkpoint over the events that none covers yet. */
NODISCARD enum err dispatcher_end(struct dispatcher *d);

/* Next exchange whose hash or picture is ready, to be put into a batch again, where all is judged
 * as it is then; NULL when there is none. */
struct exchange *dispatcher_collect(struct dispatcher *d);

/* Exchanges that wait for a hash or a picture. */
unsigned dispatcher_waiting(const struct dispatcher *d);

/* The answer of an exchange that is done; valid until it is freed. */
struct outgoing {
    bool done; /* false: waiting, nothing to send yet */
    const char *reply_to;
    const char *request_id; /* "" when there was none */
    enum err err;
    struct bytes body;
};
struct outgoing exchange_answer(const struct exchange *x);

/* Writes the event service.started, and the org "default" if there is none yet. */
NODISCARD enum err dispatcher_start(struct dispatcher *d);

/* The routes, for service discovery; borrowed. */
struct routes;
const struct routes *dispatcher_routes(const struct dispatcher *d);

#endif

/*
 * ImportUser requests under way: many at once, and each is sent again, under its own id, until it
 * is decided. All functions are for one thread.
 */
#ifndef TWOFOLD_CLI_IMPORT_FLIGHT_H
#define TWOFOLD_CLI_IMPORT_FLIGHT_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <twofold/client.h>
#include <twofold/v1/admin.pb-c.h>

enum { FLIGHT_MAX = 256 };

struct flight;

/* What a flight tells, within flight_turn(). */
struct flight_sink {
    /* The request of LINE came to an end: TWOFOLD_OK, or REFUSED for a reason that stays. */
    void (*decided)(uint64_t line, const struct twofold_error *error, void *ctx);
    void *ctx;
};

/* CLIENT outlives it. NULL when memory is short. */
struct flight *flight_open(struct twofold_client *client, struct flight_sink sink);

/* Is there room for one more? */
bool flight_has_room(const struct flight *flight);

/* How many are not decided yet. */
unsigned flight_size(const struct flight *flight);

/* Sends REQUEST, of LINE; takes it. There must be room. */
void flight_add(struct flight *flight, Twofold__V1__ImportUserRequest *request, uint64_t line);

/* Tells what was decided, and sends again what is due; when there is nothing to do it waits,
 * WAIT_MS at most. */
void flight_turn(struct flight *flight, int wait_ms);

/* From now on nothing is sent again; flight_turn() until flight_is_quiet(). */
void flight_land(struct flight *flight);

/* Is no answer awaited any more? */
bool flight_is_quiet(const struct flight *flight);

/* The last answer that decided nothing, and whether it says that trying again is in vain. */
const struct twofold_error *flight_trouble(const struct flight *flight, bool *ret_in_vain);

/* Of a quiet flight; wipes what was not decided. NULL is fine. */
void flight_close(struct flight *flight);

#endif

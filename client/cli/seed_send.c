/*
 * A user is one request that is decided whole (ImportUser), so nothing needs to be remembered of a
 * run that broke off: the next one finds who is there, and makes the rest.
 */
#include "import_flight.h"
#include "interrupt.h"
#include "lib/monotonic.h"
#include "seed_bus.h"
#include "seed_hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>

enum {
    TURN_MS = 100,
    SILENCE_TOLD_MS = 3000,
    TIMEOUTS_UNTIL_UP = 12,
    REFUSED_TOLD_MAX = 20,
    PORTION = 16
};

struct sending {
    struct seed_run *run;
    struct seed_org *org;
    struct seed_sums *sums;
    struct flight *flight;
    int64_t decided_us; /* when something was last decided */
    bool told;          /* of the silence since then */
};

static void step(struct seed_run *run, size_t users)
{
    run->n_done += users;
    progress_count(&run->progress, "users", run->n_done);
    progress_step(&run->progress, run->n_done);
}

/* Rules that the service names are printed with care: they came over the bus. */
static void print_refusal(const struct seed_run *run, const struct seed_user *user,
                          const struct twofold_error *error)
{
    output_text(stderr, run->file);
    fprintf(stderr, ":%" PRIu32 ":%" PRIu32 ": ", user->at.line, user->at.column);
    if (error->n_violations == 0)
        output_text(stderr, error->message);
    for (size_t i = 0; i < error->n_violations; i++) {
        fputs(i > 0 ? "; " : "", stderr);
        output_text(stderr, error->violations[i].field);
        fputs(": ", stderr);
        output_text(stderr, error->violations[i].rule);
    }
    fputc('\n', stderr);
}

/* LINE is the user's index. */
static void on_decided(uint64_t line, const struct twofold_error *error, void *ctx)
{
    struct sending *s = ctx;
    const struct seed_user *user = &s->org->users[line];

    s->decided_us = monotonic_us();
    s->told = false;
    step(s->run, 1);
    if (error->status == TWOFOLD_OK) {
        s->sums->created++;
        s->sums->authenticators += user->n_uris;
    } else if (error->reason == TWOFOLD__V1__ERROR__REASON__CONFLICT) {
        s->sums->there++;
    } else if (s->sums->refused++ < REFUSED_TOLD_MAX) {
        progress_end(&s->run->progress);
        print_refusal(s->run, user, error);
    }
}

static enum exit_code put_policy(struct seed_run *run, struct seed_org *org, struct seed_sums *sums)
{
    Twofold__V1__PutPolicyRequest request = TWOFOLD__V1__PUT_POLICY_REQUEST__INIT;
    Twofold__V1__Policy nothing = TWOFOLD__V1__POLICY__INIT;
    ProtobufCMessage *reply = NULL;

    if (org->exists && org->policy_there)
        return EXIT_YES;
    request.policy = org->n_mask > 0 ? &org->policy : &nothing;
    request.update_mask = (char **)(void *)org->mask;
    request.n_update_mask = org->n_mask;
    if (seed_call(run, "PutPolicy", &request.base, &reply) != TWOFOLD_OK)
        return seed_call_failed(run, org);
    twofold_reply_free(reply);
    sums->policy_set = true;
    return EXIT_YES;
}

static bool delete_user(struct seed_run *run, const struct seed_user *user)
{
    Twofold__V1__DeleteUserRequest request = TWOFOLD__V1__DELETE_USER_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    enum twofold_status status;

    request.username = user->username;
    status = seed_call(run, "DeleteUser", &request.base, &reply);
    twofold_reply_free(reply);
    return status == TWOFOLD_OK || run->cli->error.reason == TWOFOLD__V1__ERROR__REASON__NOT_FOUND;
}

/* As protobuf-c would have made it: the flight frees it so. NULL when memory is short. */
static Twofold__V1__ImportUserRequest *make_request(const struct seed_user *user)
{
    Twofold__V1__ImportUserRequest *request = calloc(1, sizeof *request);
    bool good = request != NULL;

    if (!good)
        return NULL;
    twofold__v1__import_user_request__init(request);
    request->username = strdup(user->username);
    request->password_hash = strdup(user->hash);
    request->otpauth_uris = calloc(user->n_uris + 1, sizeof *request->otpauth_uris);
    good = request->username && request->password_hash && request->otpauth_uris;
    for (size_t i = 0; good && i < user->n_uris; i++) {
        request->otpauth_uris[i] = strdup(user->uris[i]);
        good = request->otpauth_uris[i] != NULL;
        request->n_otpauth_uris += good;
    }
    if (good)
        return request;
    twofold_reply_free(&request->base);
    return NULL;
}

/* False: nothing is decided for long, or will be. */
static bool is_alive(struct sending *s)
{
    const struct args *args = &s->run->cli->args;
    int64_t timeout_ms = (args->timeout_s ? args->timeout_s : 5) * 1000;
    int64_t silence_ms = (monotonic_us() - s->decided_us) / 1000;
    const struct twofold_error *trouble;
    bool in_vain = false;

    trouble = flight_trouble(s->flight, &in_vain);
    if (flight_size(s->flight) == 0)
        s->decided_us = monotonic_us();
    else if (!s->told && silence_ms > SILENCE_TOLD_MS && trouble->status != TWOFOLD_OK) {
        s->told = true;
        progress_end(&s->run->progress);
        fputs("twofold: trying again: ", stderr);
        output_text(stderr, trouble->message);
        fputc('\n', stderr);
    }
    return !in_vain && silence_ms < TIMEOUTS_UNTIL_UP * timeout_ms;
}

/* EXIT_YES: it is under way, or there already. */
static enum exit_code send_user(struct sending *s, size_t i)
{
    struct seed_user *user = &s->org->users[i];
    Twofold__V1__ImportUserRequest *request;

    if (user->there && !s->run->cli->args.replace) {
        s->sums->there++;
        step(s->run, 1);
        return EXIT_YES;
    }
    if (user->there) {
        if (!delete_user(s->run, user))
            return seed_call_failed(s->run, s->org);
        s->sums->replaced++;
    }
    request = make_request(user);
    if (!request)
        return output_usage("memory is short");
    flight_add(s->flight, request, i);
    return EXIT_YES;
}

static void on_hashing(void *ctx)
{
    step(ctx, 0);
}

/* Users from I on, so many that the next ones' passwords are hashed while these are decided, and a
 * run that breaks off has not worked in vain for long. */
static enum exit_code send_some(struct sending *s, size_t i)
{
    size_t end = s->org->n_users - i < PORTION ? s->org->n_users : i + PORTION;
    struct seed_hashing hashing = {.users = s->org->users + i,
                                   .n = end - i,
                                   .replace = s->run->cli->args.replace,
                                   .turn = on_hashing,
                                   .ctx = s->run};
    enum exit_code code = EXIT_YES;

    if (!seed_hash(&hashing))
        return output_usage("the passwords cannot be hashed: memory is short");
    while (i < end && code == EXIT_YES && !interrupted())
        code = send_user(s, i++);
    return code;
}

static enum exit_code send_users(struct sending *s)
{
    enum exit_code code = EXIT_YES;
    bool alive = true, room;
    size_t i = 0;

    s->decided_us = monotonic_us();
    while (code == EXIT_YES && alive && !interrupted() &&
           (i < s->org->n_users || flight_size(s->flight) > 0)) {
        room = i < s->org->n_users && flight_size(s->flight) + PORTION <= FLIGHT_MAX;
        if (room) {
            code = send_some(s, i);
            i += PORTION;
        }
        if (flight_size(s->flight) > 0)
            flight_turn(s->flight, room ? 0 : TURN_MS);
        alive = is_alive(s);
    }
    flight_land(s->flight);
    while (!flight_is_quiet(s->flight)) /* every call has an end */
        flight_turn(s->flight, TURN_MS);
    if (alive || code != EXIT_YES)
        return code;
    s->run->cli->error = *flight_trouble(s->flight, &(bool){false});
    return seed_call_failed(s->run, s->org);
}

enum exit_code seed_send(struct seed_run *run, struct seed_org *org, struct seed_sums *ret)
{
    struct sending s = {.run = run, .org = org, .sums = ret};
    enum exit_code code = seed_connect(run, org);

    *ret = (struct seed_sums){0};
    if (code == EXIT_YES)
        code = put_policy(run, org, ret);
    if (code != EXIT_YES)
        return code;
    s.flight = flight_open(run->cli->client, (struct flight_sink){on_decided, &s});
    if (!s.flight)
        return output_usage("memory is short");
    code = send_users(&s);
    flight_close(s.flight);
    return code;
}

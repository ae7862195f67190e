/*
 * What is known of a user makes every answer predictable. A right code must be accepted. A wrong
 * one must be rejected with the number of free tries that is left if each failure since the last
 * right code was counted exactly once. The same call again must give the same answer, to the
 * second of its verdict. An accepted code under a new id must be rejected, above all when it was
 * not clear for a while whether it had been accepted.
 */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <twofold/v1/verification.pb-c.h>

enum {
    REPEAT_EVERY = 8,
    SPENT_SAMPLE = 20, /* of each worker's users, at the end */
    TURN_MS = 20,
    LATE_US = 100000, /* what a slow call delays is caught up with no further than this */
};

static int64_t step_now(void)
{
    return clock_unix_ms() / 1000 / CODE_PERIOD_S;
}

static bool is_over(const struct run *run)
{
    return run->stop || clock_monotonic_us() >= run->end_us;
}

/* Waits for its turn. False: the run is over. */
static bool take_turn(struct run *run, bool *ret_wants_wrong)
{
    int64_t now_us = clock_monotonic_us(), due_us;

    pthread_mutex_lock(&run->lock);
    if (run->due_us < now_us - LATE_US)
        run->due_us = now_us - LATE_US;
    due_us = run->due_us;
    run->due_us += 1000000 / run->options->pace;
    run->n++;
    *ret_wants_wrong = run->n_wrong * 100 < run->n * (uint64_t)run->options->wrong;
    run->n_wrong += *ret_wants_wrong;
    pthread_mutex_unlock(&run->lock);
    for (; !is_over(run) && now_us < due_us; now_us = clock_monotonic_us())
        pause_ms(due_us - now_us < TURN_MS * 1000 ? (due_us - now_us + 999) / 1000 : TURN_MS);
    return !is_over(run);
}

/* ---- one call ---- */

struct call {
    enum call_kind kind;
    struct person *person;
    char id[TWOFOLD_REQUEST_ID_SIZE], code[CODE_SIZE];
};

static void make(struct call *call, enum call_kind kind, struct person *person)
{
    *call = (struct call){.kind = kind, .person = person};
    twofold_request_id(call->id);
    if (kind == CALL_WRONG)
        code_wrong(person->key, step_now(), call->code);
    else if (kind == CALL_SPENT)
        code_of_step(person->key, person->used_step, call->code);
    else
        code_of_step(person->key, person->next_step, call->code);
}

static void ask(struct worker *worker, struct call *call, struct ask_end *ret_end)
{
    struct run *run = worker->run;
    struct ask question = {.client = run->client,
                           .username = call->person->name,
                           .code = call->code,
                           .request_id = call->id,
                           .timeout_ms = run->options->timeout_ms,
                           .try_ms = run->options->try_ms};

    tally_sent(run->tally);
    ask_until_answered(&question, ret_end);
}

static void tell(struct worker *worker, const struct call *call, const struct ask_end *end,
                 const char *why)
{
    call->person->spoiled = call->person->spoiled || why || end->verdict == ASK_NOTHING;
    tally_ended(worker->run->tally, &(struct call_told){.kind = call->kind,
                                                        .username = call->person->name,
                                                        .request_id = call->id,
                                                        .end = end,
                                                        .why = why});
}

static const char *judge_right(struct person *p, const struct ask_end *end)
{
    if (end->verdict != ASK_ACCEPTED)
        return "a right code was not accepted";
    p->used_step = p->next_step++;
    p->failures = 0;
    return NULL;
}

static const char *judge_wrong(struct person *p, const struct ask_end *end)
{
    if (end->verdict != ASK_REJECTED)
        return end->verdict == ASK_ACCEPTED ? "a code that is wrong or spent was accepted"
                                            : "a code was not looked at";
    p->failures++;
    if (end->error.attempts_left != FREE_TRIES - p->failures)
        return "it was not counted exactly once";
    return NULL;
}

static const char *judge(const struct call *call, const struct ask_end *end)
{
    if (end->verdict == ASK_NOTHING)
        return NULL; /* told apart from wrong answers */
    return call->kind == CALL_RIGHT ? judge_right(call->person, end)
                                    : judge_wrong(call->person, end);
}

static const char *judge_repeat(const struct ask_end *first, const struct ask_end *again)
{
    if (again->verdict == ASK_NOTHING)
        return NULL;
    if (again->verdict != first->verdict || again->verified_at != first->verified_at ||
        again->error.attempts_left != first->error.attempts_left)
        return "the same call got another answer";
    return NULL;
}

static void ask_again(struct worker *worker, struct call *call, const struct ask_end *first)
{
    struct ask_end end;

    call->kind = CALL_REPEAT;
    ask(worker, call, &end);
    tell(worker, call, &end, judge_repeat(first, &end));
}

static struct ask_end ask_first(struct worker *worker, struct call *call)
{
    struct ask_end end;

    ask(worker, call, &end);
    tell(worker, call, &end, judge(call, &end));
    return end;
}

static void show_spent(struct worker *worker, struct person *person)
{
    struct call call;

    make(&call, CALL_SPENT, person);
    ask_first(worker, &call);
}

static void do_call(struct worker *worker, struct person *person, bool wrong, bool repeats)
{
    struct call call;
    struct ask_end end;

    make(&call, wrong ? CALL_WRONG : CALL_RIGHT, person);
    end = ask_first(worker, &call);
    if ((end.tries > 1 || repeats) && !person->spoiled)
        ask_again(worker, &call, &end);
    if (end.tries > 1 && !wrong && !person->spoiled)
        show_spent(worker, person);
}

/* ---- all calls ---- */

static struct person *pick(struct worker *worker, bool wants_wrong, bool *ret_wrong)
{
    struct run *run = worker->run;
    struct person *person = NULL;

    for (bool waits = false; !person && !is_over(run); waits = true) {
        person = people_pick(&worker->people, wants_wrong, step_now(), ret_wrong);
        if (!person && !waits)
            tally_waited(run->tally);
        if (!person)
            pause_ms(TURN_MS);
    }
    if (wants_wrong && !(person && *ret_wrong)) {
        pthread_mutex_lock(&run->lock);
        run->n_wrong--;
        pthread_mutex_unlock(&run->lock);
    }
    return person;
}

/* Those that are still in their window: an older code would be refused for its age. */
static void show_all_spent(struct worker *worker)
{
    int left = SPENT_SAMPLE;

    for (size_t i = 0; i < worker->people.n && left > 0 && !worker->run->stop; i++) {
        struct person *p = &worker->people.at[i];

        if (p->errs || p->spoiled || p->failures < 0 || p->used_step < step_now())
            continue;
        show_spent(worker, p);
        left--;
    }
}

void worker_work(struct worker *worker)
{
    bool wants_wrong, wrong;

    for (unsigned i = 1; take_turn(worker->run, &wants_wrong); i++) {
        struct person *person = pick(worker, wants_wrong, &wrong);

        if (person)
            do_call(worker, person, wrong, i % REPEAT_EVERY == 0);
    }
    show_all_spent(worker);
}

/* ---- before the first call ---- */

static const char *look_at(const Twofold__V1__GetStatusReply *status, struct person *person)
{
    if (status->state != TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE || status->n_authenticators != 1)
        return "has not one authenticator: import what `rig_load users` prints";
    if (status->retry_after_seconds > 0)
        return "is waiting after failures: take users with another --prefix";
    if (status->authenticators[0]->last_used_at > 0)
        person->next_step = status->authenticators[0]->last_used_at / CODE_PERIOD_S + 2;
    return NULL;
}

static bool meet(struct twofold_client *client, struct person *person)
{
    Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "GetStatus",
                                .request = &request.base};
    ProtobufCMessage *reply = NULL;
    struct twofold_error error;
    const char *why = error.message;

    request.username = person->name;
    if (twofold_client_call(client, &call, &reply, &error) == TWOFOLD_OK)
        why = look_at((const Twofold__V1__GetStatusReply *)(const void *)reply, person);
    if (why)
        fprintf(stderr, "rig_load: %s: %s\n", person->name, why);
    twofold_reply_free(reply);
    return why == NULL;
}

bool worker_meet(struct worker *worker)
{
    for (size_t i = 0; i < worker->people.n; i++)
        if (!meet(worker->run->client, &worker->people.at[i]))
            return false;
    return true;
}

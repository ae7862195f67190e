#include "asking.h"
#include "moves.h"

#include <string.h>
#include <twofold/v1/verification.pb-c.h>

enum { FIRST_OUTSIDE = 3, OUTSIDE_SPREAD = 6, GIVES_UP = 8 };

struct entry entry_about(struct player *p, const struct played_user *u, const char *kind)
{
    return (struct entry){.client = p->number,
                          .org = p->org,
                          .username = u ? u->name : "",
                          .set = u ? u->set : 0,
                          .kind = kind,
                          .detail = ""};
}

bool gives_up(struct player *p)
{
    return dice_roll(&p->dice, GIVES_UP) == 0;
}

/* Asks REQUEST and writes it down. True: yes; what else the answer says is in E. */
static bool verify(struct player *p, Twofold__V1__VerifyRequest *request, struct entry *e,
                   bool once)
{
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request->base};
    ProtobufCMessage *reply = asking(p->client, &call, e, once || gives_up(p));

    if (reply) {
        const Twofold__V1__VerifyReply *r = (const Twofold__V1__VerifyReply *)reply;

        e->detail =
            r->method == TWOFOLD__V1__SECOND_FACTOR__METHOD__TOTP ? "TOTP" : "RECOVERY_CODE";
    }
    book_write(p->book, e);
    p->asked++;
    twofold_reply_free(reply);
    return strcmp(e->answer, "OK") == 0;
}

static bool verify_code(struct player *p, struct played_user *u, struct entry *e, char *code)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    bool yes;

    request.username = u->name;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = code;
    yes = verify(p, &request, e, false);
    u->locked = strcmp(e->answer, "LOCKED") == 0 || strcmp(e->answer, "SUSPENDED") == 0;
    return yes;
}

static bool verify_text(struct player *p, struct played_user *u, struct entry *e, char *text)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;

    request.username = u->name;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    request.recovery_code = text;
    e->slot = text[0];
    return verify(p, &request, e, false);
}

/* The current step's code, or the next one's if that was used: both stay good while it is tried. */
void verify_right(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "right");
    int64_t now = step_of_now();
    char code[CODE_BYTES];

    e.step = u->spent_step < now ? now : now + 1;
    if (u->spent_step >= e.step || !code_of(&u->key, e.step, code)) {
        verify_wrong(p, u);
        return;
    }
    if (verify_code(p, u, &e, code))
        u->accepted_step = e.step;
    if (!u->locked)
        u->spent_step = e.step;
}

void verify_replay(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "replay");
    char code[CODE_BYTES];

    e.step = u->accepted_step;
    if (e.step == 0 || e.step < step_of_now() - FIRST_OUTSIDE - OUTSIDE_SPREAD ||
        !code_of(&u->key, e.step, code)) {
        verify_wrong(p, u);
        return;
    }
    verify_code(p, u, &e, code);
}

void verify_wrong(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "wrong");
    char code[CODE_BYTES];

    code_wrong(&u->key, &p->dice, code);
    verify_code(p, u, &e, code);
}

void verify_outside(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "outside");
    int64_t by = FIRST_OUTSIDE + (int64_t)dice_roll(&p->dice, OUTSIDE_SPREAD);
    char code[CODE_BYTES];

    e.step = step_of_now() + (dice_roll(&p->dice, 2) ? by : -by);
    if (!code_of(&u->key, e.step, code)) {
        verify_wrong(p, u);
        return;
    }
    verify_code(p, u, &e, code);
}

void verify_recovery(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "recovery");
    unsigned i = u->n_spent;

    if (i >= u->n_recovery) {
        verify_right(p, u);
        return;
    }
    u->accepted[i] = verify_text(p, u, &e, u->recovery[i]);
    if (strcmp(e.answer, "LOCKED") != 0 && strcmp(e.answer, "SUSPENDED") != 0)
        u->n_spent++;
}

void verify_used_recovery(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "used_recovery");

    for (unsigned i = 0; i < u->n_spent; i++)
        if (u->accepted[i]) {
            verify_text(p, u, &e, u->recovery[i]);
            return;
        }
    verify_recovery(p, u);
}

/* Well formed, of a slot that exists, and nobody's. */
void verify_wrong_recovery(struct player *p, struct played_user *u)
{
    struct entry e = entry_about(p, u, "wrong_recovery");
    char text[] = "00000-00000-00000-00000-00000";

    if (u->n_recovery == 0) {
        verify_wrong(p, u);
        return;
    }
    text[0] = u->recovery[u->n_recovery - 1][0];
    verify_text(p, u, &e, text);
}

/* Nothing is kept for names that nobody has: asked once, or it would be told twice. */
void verify_nobody(struct player *p, struct played_user *u)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct entry e = entry_about(p, NULL, "nobody");
    static char name[] = "nobody", code[] = "123456";

    (void)u;
    e.username = name;
    request.username = name;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = code;
    verify(p, &request, &e, true);
}

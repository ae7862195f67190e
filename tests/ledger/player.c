#include "player.h"

#include "asking.h"
#include "moves.h"

#include <string.h>
#include <twofold/v1/verification.pb-c.h>

struct chance {
    unsigned weight;
    move_fn *move;
};

/* Of users that are READY. Failures are many, so that waits, locks and their ends happen too. */
static const struct chance chances[] = {
    {40, verify_right},         {12, verify_wrong},   {12, verify_replay},
    {10, verify_outside},       {8, verify_recovery}, {3, verify_used_recovery},
    {3, verify_wrong_recovery}, {4, change_unlock},   {2, change_token},
    {1, change_password},       {1, change_reset},    {1, change_delete},
    {1, verify_nobody},         {1, change_policy},
};
enum { CHANCES = sizeof chances / sizeof *chances };

static move_fn *choose(struct player *p)
{
    unsigned all = 0;
    uint64_t roll;

    for (size_t i = 0; i < CHANCES; i++)
        all += chances[i].weight;
    roll = dice_roll(&p->dice, all);
    for (size_t i = 0; i < CHANCES; i++) {
        if (roll < chances[i].weight)
            return chances[i].move;
        roll -= chances[i].weight;
    }
    return verify_wrong;
}

void player_turn(struct player *p)
{
    struct played_user *u = &p->users[dice_roll(&p->dice, p->n_users)];

    switch (u->state) {
    case ABSENT:
        change_create(p, u);
        break;
    case BARE:
        (dice_roll(&p->dice, 2) ? change_import : change_enroll)(p, u);
        break;
    case READY:
        (u->locked && dice_roll(&p->dice, 2) ? change_unlock : choose(p))(p, u);
        break;
    case DOUBTFUL:
        change_delete(p, u);
        break;
    }
}

static void write_standing(struct player *p, const struct played_user *u,
                           const Twofold__V1__GetStatusReply *status)
{
    const ProtobufCEnumValue *state = protobuf_c_enum_descriptor_get_value(
        &twofold__v1__second_factor__state__descriptor, (int)status->state);
    struct standing s = {.org = p->org,
                         .username = u->name,
                         .state = state ? state->name : "STRANGE",
                         .recovery_codes_left = status->recovery_codes_left};

    for (size_t i = 0; i < status->n_authenticators; i++)
        if (status->authenticators[i]->last_used_at > s.last_used_s)
            s.last_used_s = status->authenticators[i]->last_used_at;
    book_write_standing(p->book, &s);
}

bool player_stock(struct player *p)
{
    for (unsigned i = 0; i < p->n_users; i++) {
        Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;
        struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                    .method = "GetStatus",
                                    .request = &request.base};
        struct entry e = entry_about(p, &p->users[i], "status");
        ProtobufCMessage *reply;

        request.username = p->users[i].name;
        reply = asking(p->client, &call, &e, false);
        if (!reply) {
            fprintf(stderr, "ledger: no status of %s: %s\n", e.username, e.answer);
            return false;
        }
        write_standing(p, &p->users[i], (const Twofold__V1__GetStatusReply *)reply);
        twofold_reply_free(reply);
    }
    return true;
}

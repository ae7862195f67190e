/* What a player can ask about one of its users. */
#ifndef TWOFOLD_TESTS_LEDGER_MOVES_H
#define TWOFOLD_TESTS_LEDGER_MOVES_H

#include "player.h"

typedef void move_fn(struct player *p, struct played_user *u);

/* About a user that is READY: second factors of all sorts. */
move_fn verify_right, verify_replay, verify_wrong, verify_outside, verify_recovery,
    verify_used_recovery, verify_wrong_recovery;

/* Changes by an administrator, or with an administrator's token. */
move_fn change_create, change_password, change_delete, change_import, change_enroll, change_reset,
    change_unlock, change_token, change_policy;

/* About a name that nobody has. */
move_fn verify_nobody;

/* The entry of a request about U (NULL: the organization) that means KIND. */
struct entry entry_about(struct player *p, const struct played_user *u, const char *kind);

/* By chance: a client that does not ask again what was not answered. */
bool gives_up(struct player *p);

#endif

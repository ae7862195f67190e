#include "unit/store/one_place.h"

const struct user_id alice = {.org = "acme", .username = "alice"};
struct place place;
struct keyring *keyring;

int place_set_up(void **state)
{
    (void)state;
    place_make(&place);
    keyring = keyring_fixed(&place, "1 active 1");
    return 0;
}

int place_tear_down(void **state)
{
    (void)state;
    keyring_free(keyring);
    place_remove(&place);
    return 0;
}

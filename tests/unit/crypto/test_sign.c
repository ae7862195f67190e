#include "crypto/sign.h"

#include "support/hex.h"
#include "support/runner.h"

/* RFC 8032 section 7.1, tests 1 and 2. */
static void public_keys_are_those_of_rfc_8032(void **state)
{
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    HEX(seed_1, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    HEX(public_1, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    HEX(seed_2, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    HEX(public_2, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");

    (void)state;
    assert_int_equal(sign_public_key(seed_1.p, public_key), ERR_OK);
    assert_memory_equal(public_key, public_1.p, sizeof public_key);
    assert_int_equal(sign_public_key(seed_2.p, public_key), ERR_OK);
    assert_memory_equal(public_key, public_2.p, sizeof public_key);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(public_keys_are_those_of_rfc_8032),
};

RUN(tests)

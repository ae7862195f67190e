/* Replies hold secrets: what is freed must have been wiped before. Freeing is watched where the
 * library hands the message to protobuf-c (--wrap). */
#include "support/runner.h"

#include <stdlib.h>
#include <twofold/client.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

void __real_protobuf_c_message_free_unpacked(ProtobufCMessage *, ProtobufCAllocator *);
void __wrap_protobuf_c_message_free_unpacked(ProtobufCMessage *, ProtobufCAllocator *);

static void (*inspect)(const ProtobufCMessage *);

void __wrap_protobuf_c_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *a)
{
    if (message && inspect)
        inspect(message);
    __real_protobuf_c_message_free_unpacked(message, a);
}

/* As it would come from the bus, and freed as a caller frees it. */
static void unpack_and_free(const ProtobufCMessage *message,
                            void (*inspection)(const ProtobufCMessage *))
{
    uint8_t packed[512];
    size_t n = protobuf_c_message_get_packed_size(message);
    ProtobufCMessage *copy;

    assert_true(n <= sizeof packed);
    protobuf_c_message_pack(message, packed);
    copy = protobuf_c_message_unpack(message->descriptor, NULL, n, packed);
    assert_non_null(copy);
    inspect = inspection;
    twofold_reply_free(copy);
    inspect = NULL;
}

static void begin_is_wiped(const ProtobufCMessage *message)
{
    static const uint8_t zeros[4];
    const Twofold__V1__BeginReply *reply = (const Twofold__V1__BeginReply *)message;

    assert_string_equal(reply->secret, "");
    assert_int_equal(reply->secret[1], '\0');
    assert_string_equal(reply->otpauth_uri, "");
    assert_int_equal(reply->qr_png.len, 4);
    assert_memory_equal(reply->qr_png.data, zeros, 4);
}

static void text_and_bytes_are_wiped(void **state)
{
    Twofold__V1__BeginReply reply = TWOFOLD__V1__BEGIN_REPLY__INIT;
    uint8_t png[4] = {1, 2, 3, 4};

    (void)state;
    reply.secret = "ABCDEFGH";
    reply.otpauth_uri = "otpauth://totp/x";
    reply.qr_png.data = png;
    reply.qr_png.len = sizeof png;
    unpack_and_free(&reply.base, begin_is_wiped);
}

static void codes_are_wiped(const ProtobufCMessage *message)
{
    const Twofold__V1__ConfirmReply *reply = (const Twofold__V1__ConfirmReply *)message;

    assert_int_equal(reply->n_recovery_codes, 2);
    assert_string_equal(reply->recovery_codes[0], "");
    assert_string_equal(reply->recovery_codes[1], "");
}

static void repeated_text_is_wiped(void **state)
{
    Twofold__V1__ConfirmReply reply = TWOFOLD__V1__CONFIRM_REPLY__INIT;
    char *codes[] = {"1ABCD", "2EFGH"};

    (void)state;
    reply.recovery_codes = codes;
    reply.n_recovery_codes = 2;
    unpack_and_free(&reply.base, codes_are_wiped);
}

static void authenticator_is_wiped(const ProtobufCMessage *message)
{
    const Twofold__V1__GetStatusReply *reply = (const Twofold__V1__GetStatusReply *)message;

    assert_string_equal(reply->authenticators[0]->label, "");
}

static void nested_messages_are_wiped(void **state)
{
    Twofold__V1__GetStatusReply reply = TWOFOLD__V1__GET_STATUS_REPLY__INIT;
    Twofold__V1__GetStatusReply__Authenticator one =
        TWOFOLD__V1__GET_STATUS_REPLY__AUTHENTICATOR__INIT;
    Twofold__V1__GetStatusReply__Authenticator *all[] = {&one};

    (void)state;
    one.label = "phone";
    reply.authenticators = all;
    reply.n_authenticators = 1;
    unpack_and_free(&reply.base, authenticator_is_wiped);
}

static void factor_is_wiped(const ProtobufCMessage *message)
{
    const Twofold__V1__VerifyRequest *request = (const Twofold__V1__VerifyRequest *)message;

    assert_int_equal(request->second_factor_case,
                     TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_RECOVERY_CODE);
    assert_string_equal(request->recovery_code, "");
}

static void the_member_of_a_oneof_that_is_set_is_wiped(void **state)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;

    (void)state;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    request.recovery_code = "1ABCD";
    unpack_and_free(&request.base, factor_is_wiped);
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR__NOT_SET;
    unpack_and_free(&request.base, NULL);
}

static void unknown_is_wiped(const ProtobufCMessage *message)
{
    assert_int_equal(message->n_unknown_fields, 1);
    assert_int_equal(message->unknown_fields[0].len, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(message->unknown_fields[0].data[i], 0);
}

/* A newer service's field may be a secret too. */
static void unknown_fields_are_wiped(void **state)
{
    static const uint8_t packed[] = {0xaa, 0x06, 3, 'x', 'y', 'z'}; /* field 101, length 3 */

    (void)state;
    inspect = unknown_is_wiped;
    twofold_reply_free(protobuf_c_message_unpack(&twofold__v1__confirm_reply__descriptor, NULL,
                                                 sizeof packed, packed));
    inspect = NULL;
    twofold_reply_free(NULL);
}

static void request_ids_are_fresh_hex(void **state)
{
    char one[TWOFOLD_REQUEST_ID_SIZE], two[TWOFOLD_REQUEST_ID_SIZE];

    (void)state;
    twofold_request_id(one);
    twofold_request_id(two);
    assert_int_equal(strspn(one, "0123456789abcdef"), 32);
    assert_int_equal(one[32], '\0');
    assert_string_not_equal(one, two);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_and_bytes_are_wiped),
    cmocka_unit_test(repeated_text_is_wiped),
    cmocka_unit_test(nested_messages_are_wiped),
    cmocka_unit_test(the_member_of_a_oneof_that_is_set_is_wiped),
    cmocka_unit_test(unknown_fields_are_wiped),
    cmocka_unit_test(request_ids_are_fresh_hex),
};

RUN(tests)

/* Rule 14, A61, A62: bytes that no client of ours would send. Run under the sanitizers as well. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/valid.h"

#include <stdlib.h>

static struct answer send_bytes(struct service *s, const char *method, const void *p, size_t n)
{
    char subject[80];

    snprintf(subject, sizeof subject, "twofold.v1.default.%s", method);
    return service_send(s, subject, (struct bytes){.p = p, .n = n});
}

static enum err sent_bytes(struct service *s, const char *method, const void *p, size_t n)
{
    struct answer a = send_bytes(s, method, p, n);
    enum err err = a.err;

    answer_free(&a);
    return err;
}

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *what, *method, *bytes;
    size_t n;
} malformed[] = {
    {"zero-length submessage, then a cut one", "admin.put_policy", BYTES("\x0a\x00\x0a")},
    {"submessage longer than the message", "admin.put_policy", BYTES("\x0a\x05\x08\x01")},
    {"length of 2^63", "admin.unlock",
     BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
           "a")},
    {"varint of 11 bytes", "admin.list_users",
     BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")},
    {"varint over 64 bits", "admin.list_users",
     BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")},
    {"varint without end", "admin.list_users", BYTES("\x08\x80\x80")},
    {"tag without value", "admin.list_users", BYTES("\x08")},
    {"tag without end", "admin.list_users", BYTES("\x88")},
    {"string cut", "admin.unlock",
     BYTES("\x0a\x03"
           "ad")},
    {"string without length", "admin.unlock", BYTES("\x0a")},
    {"string as varint", "admin.unlock", BYTES("\x08\x01")},
    {"string as fixed32", "admin.unlock", BYTES("\x0d\x01\x02\x03\x04")},
    {"string as fixed64", "admin.unlock", BYTES("\x09\x01\x02\x03\x04\x05\x06\x07\x08")},
    {"number as string", "admin.list_users", BYTES("\x0a\x01\x01")},
    {"bool as string", "enrollment.confirm", BYTES("\x22\x01\x01")},
    {"message as varint", "admin.put_policy", BYTES("\x08\x01")},
    {"enum as string inside", "admin.put_policy", BYTES("\x0a\x03\x0a\x01\x01")},
    {"group begins", "admin.unlock", BYTES("\x0b\x0c")},
    {"group ends", "admin.unlock", BYTES("\x0c")},
    {"unknown group", "admin.unlock",
     BYTES("\x0a\x03"
           "ada\x53\x54")},
    {"wire type 6", "admin.unlock", BYTES("\x0e\x00")},
    {"wire type 7", "admin.unlock", BYTES("\x0f\x00")},
    {"field number 0", "admin.unlock",
     BYTES("\x02\x03"
           "ada")},
    {"field number over 2^29", "admin.unlock", BYTES("\x82\x80\x80\x80\x20\x00")},
    {"a field twice", "admin.unlock",
     BYTES("\x0a\x03"
           "ada\x0a\x03"
           "eve")},
    {"a field twice, the same", "admin.unlock",
     BYTES("\x0a\x03"
           "ada\x0a\x03"
           "ada")},
    {"a number twice", "admin.list_users", BYTES("\x08\x01\x08\x01")},
    {"a field twice inside", "admin.put_policy", BYTES("\x0a\x04\x08\x02\x08\x03")},
    {"a message twice", "admin.put_policy", BYTES("\x0a\x02\x08\x02\x0a\x02\x20\x06")},
    {"both second factors", "verification.verify",
     BYTES("\x0a\x03"
           "ada\x12\x06"
           "123456\x1a\x1d"
           "00000-00000-00000-00000-00000")},
    {"both first factors", "login.login",
     BYTES("\x0a\x03"
           "ada\x12\x0d"
           "correct horse\x1a\x01"
           "A")},
    {"invalid UTF-8 in a list", "admin.put_policy", BYTES("\x12\x01\xff")},
    {"NUL in a list", "admin.put_policy",
     BYTES("\x12\x05"
           "mode\0")},
};

static void attack_A62_malformed_messages_are_refused(void **state)
{
    struct service *s = *state;
    struct standing before, after;

    service_put_user(s, "ada", PASSWORD);
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        enum err err = sent_bytes(s, malformed[i].method, malformed[i].bytes, malformed[i].n);

        if (err != ERR_VALIDATION)
            fail_msg("%s: %s", malformed[i].what, err_name(err));
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

/* Odd, but of one meaning: proto3 says that they are fine. */
static void odd_but_plain_messages_are_taken(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    assert_int_equal(sent_bytes(s, "admin.put_policy", BYTES("\x0a\x00")), ERR_OK);
    assert_int_equal(sent_bytes(s, "admin.list_users", BYTES("\x08\x85\x80\x00")), ERR_OK);
    assert_int_equal(sent_bytes(s, "admin.unlock",
                                BYTES("\x8a\x00\x03"
                                      "ada")),
                     ERR_OK);
    assert_int_equal(sent_bytes(s, "admin.unlock",
                                BYTES("\x0a\x03"
                                      "ada\xf8\x07\x01")),
                     ERR_OK);
    /* Nothing of an unknown field is looked into, however deep it is. */
    assert_int_equal(sent_bytes(s, "admin.unlock",
                                BYTES("\x0a\x03"
                                      "ada\x7a\x04\x7a\x02\x7a\x00")),
                     ERR_OK);
}

/* N times the same field behind the name. */
static enum err flooded(struct service *s, const char *field, size_t n_field, unsigned n)
{
    static uint8_t payload[1 << 20];
    size_t at = 5;

    memcpy(payload,
           "\x0a\x03"
           "ada",
           5);
    for (unsigned i = 0; i < n; i++, at += n_field)
        memcpy(payload + at, field, n_field);
    return sent_bytes(s, "admin.unlock", payload, at);
}

static void attack_A61_floods_of_fields_are_refused(void **state)
{
    struct service *s = *state;
    static const char mask[] = "\x12\x0a"
                               "skew_steps";
    enum { N_MASK = sizeof mask - 1 };
    char many[65 * N_MASK];

    service_put_user(s, "ada", PASSWORD);
    assert_int_equal(flooded(s, BYTES("\x78\x01"), 16), ERR_OK);
    assert_int_equal(flooded(s, BYTES("\x78\x01"), 17), ERR_VALIDATION);
    assert_int_equal(flooded(s, BYTES("\x78\x01"), 4000), ERR_VALIDATION);
    assert_int_equal(flooded(s, BYTES("\x78\x01"), 500000), ERR_TOO_LARGE);
    assert_int_equal(flooded(s,
                             BYTES("\x0a\x03"
                                   "ada"),
                             100000),
                     ERR_TOO_LARGE);
    for (unsigned i = 0; i < 65; i++)
        memcpy(many + i * N_MASK, mask, N_MASK);
    assert_int_equal(sent_bytes(s, "admin.put_policy", many, 65 * N_MASK), ERR_VALIDATION);
    assert_int_equal(sent_bytes(s, "admin.put_policy", many, 64 * N_MASK), ERR_OK);
}

/* PACKED filled up with one unknown field to N bytes in all. */
static void pad(uint8_t *packed, size_t n_packed, size_t n)
{
    size_t rest = n - n_packed - 3;

    packed[n_packed] = 0x7a; /* field 15, bytes */
    packed[n_packed + 1] = (uint8_t)((rest & 0x7f) | 0x80);
    packed[n_packed + 2] = (uint8_t)(rest >> 7);
    memset(packed + n_packed + 3, 'x', rest);
}

static void rule_14_attack_A61_sizes_are_capped_before_decoding(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (size_t i = 0; i < n_valid; i++) {
        uint8_t whole[8193];
        size_t n = 0;
        uint8_t *packed = pack(s, valid[i].method, valid[i].fields, &n);
        unsigned max = valid[i].request_max;
        enum err err;

        memcpy(whole, packed, n);
        pad(whole, n, max);
        err = sent_bytes(s, valid[i].method, whole, max);
        if (err == ERR_TOO_LARGE || err == ERR_VALIDATION)
            fail_msg("%s with %u bytes: %s", valid[i].method, max, err_name(err));
        pad(whole, n, max + 1);
        assert_int_equal(sent_bytes(s, valid[i].method, whole, max + 1), ERR_TOO_LARGE);
        /* Not even looked at: bytes of no message at all. */
        memset(whole, 0xff, sizeof whole);
        assert_int_equal(sent_bytes(s, valid[i].method, whole, max + 1), ERR_TOO_LARGE);
        free(packed);
    }
}

static void rule_14_attack_A61_the_largest_payload_of_a_bus_is_refused(void **state)
{
    enum { MEGABYTE = 1 << 20 };
    uint8_t *payload = calloc(1, MEGABYTE);

    assert_non_null(payload);
    for (size_t i = 0; i < n_valid; i++)
        assert_int_equal(sent_bytes(*state, valid[i].method, payload, MEGABYTE), ERR_TOO_LARGE);
    free(payload);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A62_malformed_messages_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(odd_but_plain_messages_are_taken, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A61_floods_of_fields_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_14_attack_A61_sizes_are_capped_before_decoding, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_14_attack_A61_the_largest_payload_of_a_bus_is_refused,
                                    set_up, tear_down),
};
RUN(tests)

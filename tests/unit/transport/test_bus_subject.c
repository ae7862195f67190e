#include "transport/bus_subject.h"

#include "support/runner.h"

static const struct {
    const char *subject;
    bool valid, reply;
} rows[] = {
    {"_INBOX.a", true, true},
    {"_INBOX.app.acme.Xy12.7", true, true},
    {"_R_.abc123.DEF", true, true},
    {"_INBOX.twofold.v1.acme.login.login", true, true},
    {"twofold.v1.acme.login.login", true, false},
    {"twofold.audit.v1.acme.login.succeeded", true, false},
    {"$SRV.PING", true, false},
    {"$JS.API.STREAM.DELETE.TWOFOLD", true, false},
    {"_INBOX.service-audit.0123.7", true, false},
    {"_INBOX.service-audit.x", true, false},
    {"_INBOX.service-audits.x", true, true},
    {"_INBOX.acme.service-audit.x", true, true},
    {"_inbox.a", true, false},
    {"_INBOX", true, false},
    {"_INBOXES.a", true, false},
    {"_R.a", true, false},
    {"_GR_.a.b._INBOX.c", true, false},
    {"x._INBOX.a", true, false},
    {"", false, false},
    {"_INBOX.", false, false},
    {"_INBOX..a", false, false},
    {"_INBOX.a.", false, false},
    {"._INBOX.a", false, false},
    {"_R_.", false, false},
    {"_INBOX.*", false, false},
    {"_INBOX.a.>", false, false},
    {"_INBOX.a*b", false, false},
    {"_INBOX.a b", false, false},
    {"_INBOX.a\tb", false, false},
    {" _INBOX.a", false, false},
    {"_INBOX.a 0\r\n\r\nPUB twofold.v1.acme.admin.delete_user 0\r\n", false, false},
    {"_INBOX.a\n", false, false},
    {"_INBOX.a\x7f", false, false},
};

static void a_reply_goes_to_an_inbox_and_nowhere_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (bus_subject_valid(rows[i].subject) != rows[i].valid)
            fail_msg("validity of \"%s\"", rows[i].subject);
        if (bus_reply_allowed(rows[i].subject) != rows[i].reply)
            fail_msg("reply to \"%s\"", rows[i].subject);
    }
}

static void a_reply_subject_has_a_longest_length(void **state)
{
    char subject[REPLY_SUBJECT_MAX + 2];

    (void)state;
    memset(subject, 'a', sizeof subject);
    memcpy(subject, "_INBOX.", 7);
    subject[REPLY_SUBJECT_MAX] = '\0';
    assert_true(bus_reply_allowed(subject));
    subject[REPLY_SUBJECT_MAX] = 'a';
    subject[REPLY_SUBJECT_MAX + 1] = '\0';
    assert_false(bus_reply_allowed(subject));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_reply_goes_to_an_inbox_and_nowhere_else),
    cmocka_unit_test(a_reply_subject_has_a_longest_length),
};

RUN(tests)

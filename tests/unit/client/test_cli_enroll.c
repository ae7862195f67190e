/* Enrolment: what a person at a terminal goes through, and what a script gets. */
#include "support/runner.h"
#include "support/scratch.h"
#include "unit/client/script.h"

#include <signal.h>
#include <stdlib.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/login.pb-c.h>

#define URI                                                                               \
    "otpauth://totp/Twofold:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Twofold" \
    "&algorithm=SHA1&digits=6&period=30"
#define QR_ROW "\x1b[38;5;16;48;5;231m"

static Twofold__V1__ConfirmPasswordRequest password;
static Twofold__V1__ConfirmPasswordReply token;
static Twofold__V1__BeginRequest begin, begin_again;
static Twofold__V1__BeginReply begun;
static Twofold__V1__ConfirmRequest confirm, mistyped;
static Twofold__V1__ConfirmReply confirmed;
static Twofold__V1__CompleteRequest complete;
static Twofold__V1__CompleteReply completed;
static Twofold__V1__Error enrolled, rejected, malformed;

static void fill_requests(void)
{
    twofold__v1__confirm_password_request__init(&password);
    password.username = "alice";
    password.password = "pass word";
    twofold__v1__begin_request__init(&begin);
    begin.step_token = "tok";
    begin_again = begin;
    begin_again.second_factor_case = TWOFOLD__V1__BEGIN_REQUEST__SECOND_FACTOR_CODE;
    begin_again.code = "111111";
    twofold__v1__confirm_request__init(&confirm);
    confirm.step_token = "tok";
    mistyped = confirm;
    confirm.code = "222222";
    mistyped.code = "12345";
    twofold__v1__complete_request__init(&complete);
    complete.step_token = "tok";
}

static void fill_replies(void)
{
    static char *codes[] = {"1ABCD-EFGHJ", "2KMNP-QRSTV"};

    twofold__v1__confirm_password_reply__init(&token);
    token.step_token = "tok";
    twofold__v1__begin_reply__init(&begun);
    begun.secret = "ABCDEFGHIJ";
    begun.otpauth_uri = URI;
    begun.qr_png = (ProtobufCBinaryData){.data = (uint8_t *)"\x89PNG", .len = 4};
    twofold__v1__confirm_reply__init(&confirmed);
    confirmed.recovery_codes = codes;
    confirmed.n_recovery_codes = 2;
    twofold__v1__complete_reply__init(&completed);
    completed.state = TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
}

static void fill_refusals(void)
{
    static Twofold__V1__Error__Violation code;
    static Twofold__V1__Error__Violation *violations[] = {&code};

    twofold__v1__error__init(&enrolled);
    enrolled.reason = TWOFOLD__V1__ERROR__REASON__ALREADY_ENROLLED;
    twofold__v1__error__init(&rejected);
    rejected.reason = TWOFOLD__V1__ERROR__REASON__CODE_REJECTED;
    twofold__v1__error__violation__init(&code);
    code.field = "code";
    code.rule = "must be exactly 6 or 8 ASCII digits";
    twofold__v1__error__init(&malformed);
    malformed.reason = TWOFOLD__V1__ERROR__REASON__VALIDATION;
    malformed.violations = violations;
    malformed.n_violations = 1;
}

static int set_up(void **state)
{
    fill_requests();
    fill_replies();
    fill_refusals();
    return script_set_up(state);
}

#define PASSWORD                                                    \
    {                                                               \
        "login.confirm_password", &password.base, &token.base, NULL \
    }
#define BEGIN                                              \
    {                                                      \
        "enrollment.begin", &begin.base, &begun.base, NULL \
    }
#define CONFIRM                                                    \
    {                                                              \
        "enrollment.confirm", &confirm.base, &confirmed.base, NULL \
    }
#define COMPLETE                                                     \
    {                                                                \
        "enrollment.complete", &complete.base, &completed.base, NULL \
    }

static const struct step straight[] = {PASSWORD, BEGIN, CONFIRM, COMPLETE, {0}};

static void enroll_goes_all_the_way(void **state)
{
    static const struct step steps[] = {
        PASSWORD,
        {"enrollment.begin", &begin.base, &enrolled.base, "409"},
        {"enrollment.begin", &begin_again.base, &begun.base, NULL},
        CONFIRM,
        COMPLETE,
        {0},
    };
    struct bench *bench = *state;

    begin.label = begin_again.label = "phone";
    script_run(bench, steps, "enroll alice --label phone", "pass word\n111111\n222 222\n");
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "1ABCD-EFGHJ\n"));
    assert_non_null(strstr(bench->run.out, "2KMNP-QRSTV\n"));
    assert_non_null(strstr(bench->run.out, "state: ACTIVE\n"));
}

/* Scripts wait for these lines; and what stands below the drawing pushes its top off the screen. */
static void the_drawing_comes_after_secret_and_uri(void **state)
{
    struct bench *bench = *state;
    const char *drawing, *end = NULL;

    bench->run.rows = bench->run.columns = 80;
    script_run_on_terminal(bench, straight, "enroll alice", "pass word\n222222\n");
    drawing = strstr(bench->run.out, "Secret: ABCD EFGH IJ\r\nURI: " URI "\r\n");
    assert_non_null(drawing);
    assert_null(memmem(bench->run.out, (size_t)(drawing - bench->run.out), QR_ROW, strlen(QR_ROW)));
    drawing = strstr(drawing, QR_ROW);
    assert_non_null(drawing);
    for (const char *row = drawing; row; row = strstr(row + 1, QR_ROW))
        end = strchr(row, '\n');
    assert_int_equal(strncmp(end + 1, "Code that the app shows", 23), 0);
}

/* What a script reads, or a person pages through, is text. */
static void without_a_terminal_nothing_is_drawn(void **state)
{
    struct bench *bench = *state;

    script_run(bench, straight, "enroll alice", "pass word\n222222\n");
    assert_int_equal(bench->run.code, 0);
    assert_int_equal(strncmp(bench->run.out, "Secret: ABCD EFGH IJ\nURI: " URI "\n", 27), 0);
    assert_non_null(strstr(bench->run.out, "\nType the secret; the QR code is drawn on a terminal, "
                                           "or by --qr-file FILE.\n"));
    assert_null(strchr(bench->run.out, '\x1b'));
}

static void a_drawing_that_does_not_fit_is_not_begun(void **state)
{
    static const struct {
        unsigned short rows, columns;
        bool drawn;
    } cases[] = {
        {24, 80, false}, {25, 80, false}, {26, 80, true}, {26, 49, true},
        {26, 48, false}, {60, 40, false}, {0, 0, true},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench->run.rows = cases[i].rows;
        bench->run.columns = cases[i].columns;
        script_run_on_terminal(bench, straight, "enroll alice", "pass word\n222222\n");
        assert_int_equal(bench->run.code, 0);
        assert_int_equal(strstr(bench->run.out, QR_ROW) != NULL, cases[i].drawn);
        assert_int_equal(strstr(bench->run.out, "--qr-file") == NULL, cases[i].drawn);
        assert_non_null(strstr(bench->run.out, "Secret: ABCD EFGH IJ\r\n"));
    }
}

static void a_person_may_mistype(void **state)
{
    static const struct step steps[] = {
        PASSWORD,
        BEGIN,
        {"enrollment.confirm", &mistyped.base, &malformed.base, "422"},
        {"enrollment.confirm", &confirm.base, &rejected.base, "403"},
        CONFIRM,
        COMPLETE,
        {0},
    };
    struct bench *bench = *state;

    script_run_on_terminal(bench, steps, "enroll alice", "pass word\n12345\n222222\n222222\n");
    assert_int_equal(bench->run.code, 0);
}

static void a_script_means_what_it_sends(void **state)
{
    static const struct step steps[] = {
        PASSWORD, BEGIN, {"enrollment.confirm", &mistyped.base, &malformed.base, "422"}, {0}};
    struct bench *bench = *state;

    script_run(bench, steps, "enroll alice", "pass word\n12345\n222222\n");
    assert_int_equal(bench->run.code, 2);
}

/* How many lines TEXT has, all of them objects. */
static int count_objects(const char *text)
{
    int n = 0;

    for (; *text != '\0'; text = strchr(text, '\n') + 1, n++) {
        assert_int_equal(text[0], '{');
        assert_int_equal(strchr(text, '\n')[-1], '}');
    }
    return n;
}

static void json_gives_a_script_the_secret(void **state)
{
    struct bench *bench = *state;

    script_run(bench, straight, "enroll alice --json", "pass word\n222222\n");
    assert_int_equal(bench->run.code, 0);
    assert_int_equal(count_objects(bench->run.out), 4);
    assert_non_null(strstr(bench->run.out, "\n{\"secret\":\"ABCDEFGHIJ\",\"otpauth_uri\":\"" URI));
    assert_non_null(strstr(bench->run.out, "\"recovery_codes\":[\"1ABCD-EFGHJ\",\"2KMNP-QRSTV\"]"));
    assert_string_equal(bench->run.err, "");
}

/* Runs "enroll alice --qr-file FILE". */
static void run_with_file(struct bench *bench, const struct step *steps, const char *file)
{
    char args[600];

    snprintf(args, sizeof args, "enroll alice --qr-file %s", file);
    script_run(bench, steps, args, "pass word\n222222\n");
}

static void the_file_is_made_first_and_gone_without_a_code(void **state)
{
    static const struct step nothing[] = {{0}},
                             refused[] = {
                                 {"login.confirm_password", &password.base, &rejected.base, "401"},
                                 {0}};
    struct bench *bench = *state;
    struct scratch scratch;
    struct stat file;

    scratch_make(&scratch);
    run_with_file(bench, nothing, scratch_write(&scratch, "there", "mine", 0600));
    assert_int_equal(bench->run.code, 2);
    assert_non_null(strstr(bench->run.err, "File exists"));
    assert_int_equal(stat(scratch.path, &file), 0);
    assert_int_equal(file.st_size, 4);

    run_with_file(bench, refused, scratch_path(&scratch, "new"));
    assert_int_equal(bench->run.code, 1);
    assert_int_equal(scratch_count(&scratch), 1);

    run_with_file(bench, straight, scratch_path(&scratch, "new"));
    assert_int_equal(bench->run.code, 0);
    assert_int_equal(stat(scratch.path, &file), 0);
    assert_int_equal(file.st_size, 4);
    assert_int_equal(file.st_mode & 0777, 0600);
    scratch_remove(&scratch);
}

static void an_interrupted_prompt_leaves_no_file(void **state)
{
    static const struct step nothing[] = {{0}};
    struct bench *bench = *state;
    struct scratch scratch;
    char args[600];

    scratch_make(&scratch);
    snprintf(args, sizeof args, "enroll alice --qr-file %s", scratch_path(&scratch, "qr.png"));
    script_run_on_terminal(bench, nothing, args, "\x03\n");
    assert_int_equal(bench->run.code, 128 + SIGINT);
    assert_int_equal(scratch_count(&scratch), 0);
    scratch_remove(&scratch);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(enroll_goes_all_the_way, set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(the_drawing_comes_after_secret_and_uri, set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(without_a_terminal_nothing_is_drawn, set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(a_drawing_that_does_not_fit_is_not_begun, set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(a_person_may_mistype, set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(a_script_means_what_it_sends, set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(json_gives_a_script_the_secret, set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(the_file_is_made_first_and_gone_without_a_code, set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(an_interrupted_prompt_leaves_no_file, set_up, script_tear_down),
};

RUN(tests)

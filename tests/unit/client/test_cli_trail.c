/* The stream on the command line: audit tail and audit export. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "support/scratch.h"
#include "unit/client/run_cli.h"
#include "unit/client/stream.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

struct bench {
    struct nats_server server;
    struct stream *stream;
    struct scratch scratch;
    struct cli_run run;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    b->server = nats_server_start(NATS_SERVER_JETSTREAM);
    b->stream = stream_make(b->server.url);
    scratch_make(&b->scratch);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    scratch_remove(&b->scratch);
    stream_free(b->stream);
    nats_server_stop(&b->server);
    free(b);
    return 0;
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void run(struct bench *b, int code, const char *args)
{
    run_cli(b->server.url, args, NULL, &b->run);
    if (b->run.code != code)
        fail_msg("%s: exit code %d: %s", args, b->run.code, b->run.err);
}

/* Runs "audit export --out FILE" with more ARGS. */
static void export(struct bench *b, int code, const char *args)
{
    char line[1024];

    snprintf(line, sizeof line, "audit export --out %s%s%s",
             scratch_path(&b->scratch, "trail.ndjson"), args[0] ? " " : "", args);
    run(b, code, line);
}

/* The file is messages 1 to N of the stream, one a line: each event once, in order. */
static void assert_holds(struct bench *b, unsigned n)
{
    FILE *f = fopen(scratch_path(&b->scratch, "trail.ndjson"), "r");
    char *line = NULL, user[32];
    size_t size = 0;
    unsigned i = 0;

    assert_non_null(f);
    while (getline(&line, &size, f) > 0) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

        snprintf(user, sizeof user, "u%u", ++i);
        assert_non_null(json);
        assert_int_equal(json_integer_value(json_object_get(json, "streamsequence")), i);
        assert_string_equal(json_string_value(json_object_get(json, "subject")), user);
        json_decref(json);
    }
    free(line);
    fclose(f);
    assert_int_equal(i, n);
}

static void append(struct bench *b, const char *text)
{
    FILE *f = fopen(scratch_path(&b->scratch, "trail.ndjson"), "a");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void tail_prints_what_the_stream_holds_and_ends(void **state)
{
    struct bench *b = *state;

    stream_write(b->stream, "default", "login.failed", 2);
    stream_write(b->stream, "default", "policy.changed", 1);
    stream_write(b->stream, "globex", "login.failed", 1);
    run(b, 0, "audit tail");
    assert_string_equal(b->run.out, "2026-11-22T04:21:50.043Z login.failed username=u1\n"
                                    "2026-11-22T04:21:50.044Z login.failed username=u2\n"
                                    "2026-11-22T04:21:50.045Z policy.changed username=u3\n");
    run(b, 0, "audit tail --all-orgs --since 2h");
    assert_int_equal(lines_of(b->run.out), 4);
    run(b, 0, "audit tail --type login --user u2 --since 2020-01-01");
    assert_string_equal(b->run.out, "2026-11-22T04:21:50.044Z login.failed username=u2\n");
    run(b, 0, "audit tail --count 2");
    assert_int_equal(lines_of(b->run.out), 2);
    run(b, 0, "audit tail --since 2200-01-01");
    assert_string_equal(b->run.out, "");
    assert_string_equal(b->run.err, "twofold: no such events\n");
    run(b, 0, "audit tail --follow --since 2h --count 3");
    assert_int_equal(lines_of(b->run.out), 3);
}

static void tail_shows_offsets_and_counts(void **state)
{
    struct bench *b = *state;
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;
    Twofold__V1__AuditEvent__Span span = TWOFOLD__V1__AUDIT_EVENT__SPAN__INIT;

    event.id = "id";
    event.org = "default";
    event.type = "login.failed";
    event.reason = TWOFOLD__V1__AUDIT_EVENT__REASON__OUTSIDE_WINDOW;
    event.step_offset = -7;
    event.span = &span;
    span.count = 57;
    stream_write_event(b->stream, &event);
    run(b, 0, "audit tail");
    assert_non_null(strstr(b->run.out, " reason=OUTSIDE_WINDOW step_offset=-7 x57\n"));
}

static void lines_are_cloudevents_with_the_exact_bytes(void **state)
{
    struct bench *b = *state;
    static const char wanted[] =
        "{\"specversion\":\"1.0\",\"id\":\"id-1\",\"source\":\"/twofold/I\\\"1\","
        "\"type\":\"twofold.v1.login.failed\",\"time\":\"2026-11-22T04:21:50.042Z\","
        "\"datacontenttype\":\"application/json\",\"dataschema\":\"proto:twofold.v1.AuditEvent\","
        "\"traceparent\":\"00-1\",\"org\":\"default\","
        "\"protobuf\":\"CgRpZC0xENrW9IugNBoHZGVmYXVsdCoMbG9naW4uZmFpbGVkagQwMC0xegNJIjE=\","
        "\"streamsequence\":1,\"data\":{\"id\":\"id-1\",";
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;

    event.id = "id-1";
    event.org = "default";
    event.type = "login.failed";
    event.time_unix_ms = 1795321310042;
    event.traceparent = "00-1";
    event.instance = "I\"1";
    stream_write_event(b->stream, &event);
    run(b, 0, "audit export");
    assert_int_equal(strncmp(b->run.out, wanted, strlen(wanted)), 0);
    assert_non_null(strstr(b->run.err, "twofold: 1 event exported to standard output\n"));
    run(b, 0, "audit tail --json");
    assert_int_equal(strncmp(b->run.out, wanted, strlen(wanted)), 0);
}

static void an_export_goes_on_where_its_file_ends(void **state)
{
    struct bench *b = *state;
    struct stat st;

    stream_write(b->stream, "default", "login.failed", 300);
    export(b, 0, "");
    assert_holds(b, 300);
    assert_int_equal(stat(b->scratch.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    export(b, 0, "--since 2h");
    assert_holds(b, 300);
    stream_write(b->stream, "default", "login.failed", 5);
    append(b, "{\"specversion\":\"1.0\",\"id\":\"id-3"); /* a run that was killed */
    export(b, 0, "");
    assert_holds(b, 305);
    assert_non_null(strstr(b->run.err, "an unfinished line of "));
    assert_non_null(strstr(b->run.err, "5 events exported to /"));
}

static void a_durable_export_needs_no_file(void **state)
{
    struct bench *b = *state;

    stream_write(b->stream, "default", "login.failed", 3);
    run(b, 0, "audit export --durable archive");
    assert_int_equal(lines_of(b->run.out), 3);
    assert_non_null(strstr(b->run.err, "twofold: made the reader archive\n"));
    run(b, 0, "audit export --durable archive");
    assert_string_equal(b->run.out, "");
    assert_string_equal(b->run.err, "twofold: nothing new for standard output\n");
    stream_write(b->stream, "default", "login.failed", 2);
    run(b, 0, "audit export --durable archive");
    assert_int_equal(lines_of(b->run.out), 2);
    run(b, 0, "audit export");
    assert_int_equal(lines_of(b->run.out), 5);
}

static void what_cannot_be_written_is_not_acknowledged(void **state)
{
    struct bench *b = *state;
    char line[2048];

    stream_write(b->stream, "default", "login.failed", 3); /* less than a buffer */
    snprintf(line, sizeof line,
             "TWOFOLD_NATS_URL=%s %s/twofold audit export --durable archive >/dev/full 2>%s",
             b->server.url, getenv("TEST_BIN"), scratch_path(&b->scratch, "err"));
    assert_int_equal(WEXITSTATUS(system(line)), 2);
    stream_write(b->stream, "default", "login.failed", 297);
    snprintf(line, sizeof line,
             "{ TWOFOLD_NATS_URL=%s %s/twofold audit export --durable archive; echo $? >%s/code; }"
             " 2>/dev/null | true; grep -qx 2 %s/code",
             b->server.url, getenv("TEST_BIN"), b->scratch.folder, b->scratch.folder);
    assert_int_equal(system(line), 0);
    export(b, 0, "--durable archive");
    assert_holds(b, 300);
}

static void a_file_of_something_else_is_left_alone(void **state)
{
    struct bench *b = *state;
    int fd;

    stream_write(b->stream, "default", "login.failed",
                 300); /* more than are acknowledged at once */
    append(b, "shopping list\n");
    export(b, 2, "");
    assert_non_null(strstr(b->run.err, "its last line is not one that audit export wrote"));
    remove(scratch_path(&b->scratch, "trail.ndjson"));
    append(b, "{\"id\":\"id-of-another-stream\",\"streamsequence\":290}\n");
    export(b, 2, "");
    assert_non_null(
        strstr(b->run.err, "ends with message 290, which is another one in this stream"));
    export(b, 2, "--durable archive");
    remove(scratch_path(&b->scratch, "trail.ndjson"));
    export(b, 0, "--durable archive"); /* nothing was acknowledged */
    assert_holds(b, 300);
    fd = open(scratch_path(&b->scratch, "trail.ndjson"), O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    export(b, 2, "");
    assert_non_null(strstr(b->run.err, "another process is writing to it\n"));
    close(fd);
}

static void a_shorter_stream_is_another_one(void **state)
{
    struct bench *b = *state;

    stream_write(b->stream, "default", "login.failed", 9);
    export(b, 0, "");
    stream_api(b->stream, "STREAM.DELETE.TWOFOLD_AUDIT", "");
    stream_free(b->stream);
    b->stream = stream_make(b->server.url);
    stream_write(b->stream, "default", "login.failed", 4);
    export(b, 1, "");
    assert_non_null(strstr(b->run.err, "it was made anew, or has lost messages"));
    export(b, 2, "--durable archive");
    assert_non_null(strstr(b->run.err, "ends with message 9, which is another one"));
    assert_holds(b, 9);
}

static void what_is_no_event_is_reported_and_passed(void **state)
{
    struct bench *b = *state;

    stream_write(b->stream, "default", "login.failed", 1);
    stream_write_raw(b->stream, "twofold.audit.v1.default.login.failed", "\xff", 1);
    stream_write(b->stream, "default", "login.failed", 1);
    run(b, 0, "audit export");
    assert_int_equal(lines_of(b->run.out), 2);
    assert_non_null(strstr(b->run.err, "message 2 of the stream, on twofold.audit.v1.default.login"
                                       ".failed, is passed over: "));
    assert_non_null(strstr(b->run.err, "2 events exported to standard output, 1 message was no"));
    run(b, 0, "audit tail");
    assert_int_equal(lines_of(b->run.out), 2);
    assert_non_null(strstr(b->run.err, "message 2 of the stream"));
}

static void without_a_stream_it_says_what_to_do(void **state)
{
    struct bench *b = *state;

    run_cli(b->server.url, "audit tail --stream a.b", NULL, &b->run);
    assert_int_equal(b->run.code, 2);
    assert_null(strstr(b->run.err, "--follow"));
    run(b, 1, "audit tail --stream NONE");
    assert_non_null(strstr(b->run.err, "there is no stream NONE: twofoldd makes it"));
    assert_non_null(strstr(b->run.err, "twofold audit tail --follow"));
    nats_server_kill9(&b->server);
    nats_server_restart(&b->server, "\n");
    run(b, 1, "audit export");
    assert_non_null(strstr(b->run.err, "JetStream is not switched on"));
}

static pid_t start_export(struct bench *b)
{
    char path[512], file[512];
    pid_t pid;

    snprintf(path, sizeof path, "%s/twofold", getenv("TEST_BIN"));
    snprintf(file, sizeof file, "%s", scratch_path(&b->scratch, "trail.ndjson"));
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, STDERR_FILENO);
        setenv("TWOFOLD_NATS_URL", b->server.url, 1);
        execl(path, "twofold", "audit", "export", "--durable", "archive", "--follow", "--out", file,
              (char *)NULL);
        _exit(126);
    }
    return pid;
}

/* Killed again and again, at a different point each time; the server too. */
static void a_killed_export_loses_and_doubles_nothing(void **state)
{
    enum { RUNS = 8, EACH = 700 };
    struct bench *b = *state;

    for (unsigned i = 0; i < RUNS; i++) {
        pid_t pid;

        stream_write(b->stream, "default", "login.failed", EACH);
        pid = start_export(b);
        nanosleep(&(struct timespec){.tv_nsec = (30 + 37 * (long)i) * 1000000}, NULL);
        if (i % 4 == 3) {
            nats_server_kill9(&b->server);
            nats_server_restart(&b->server, NULL);
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    export(b, 0, "--durable archive");
    assert_holds(b, RUNS * EACH);
    export(b, 0, "--durable archive");
    assert_non_null(strstr(b->run.err, "twofold: nothing new for /"));
}

static void following_ends_well_when_interrupted(void **state)
{
    struct bench *b = *state;
    struct stat st = {0};
    int status;
    pid_t pid = start_export(b);

    stream_write(b->stream, "default", "login.failed", 3);
    for (int i = 0; i < 1000 && st.st_size < 3 * 300; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000}, NULL);
        if (stat(scratch_path(&b->scratch, "trail.ndjson"), &st) != 0)
            st.st_size = 0;
    }
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_holds(b, 3);
    run(b, 0, "audit export --durable archive");
    assert_string_equal(b->run.out, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(tail_prints_what_the_stream_holds_and_ends, set_up, tear_down),
    cmocka_unit_test_setup_teardown(tail_shows_offsets_and_counts, set_up, tear_down),
    cmocka_unit_test_setup_teardown(lines_are_cloudevents_with_the_exact_bytes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_export_goes_on_where_its_file_ends, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_durable_export_needs_no_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_cannot_be_written_is_not_acknowledged, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_file_of_something_else_is_left_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_shorter_stream_is_another_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_event_is_reported_and_passed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(without_a_stream_it_says_what_to_do, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_killed_export_loses_and_doubles_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(following_ends_well_when_interrupted, set_up, tear_down),
};

RUN(tests)

#include "bus_fixture.h"
#include "support/scratch.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/wait.h>

#define SEED "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define OTHER_SEED "SUAIBDPBAUTWCWBKIO6XHQNINK5FWJW4OHLXC3HQ2KFE4PEJUA44CNHTC4"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static enum err open_with(const struct bus_options *options, struct bus **ret, struct diag *reterr)
{
    return bus_open(options, once, NULL, ret, reterr);
}

static void expect_refusal(const struct bus_options *options, const char *text)
{
    struct bus *bus = NULL;
    struct diag diag = {0};

    assert_int_equal(bus_open(options, always, NULL, &bus, &diag), ERR_VALIDATION);
    assert_null(bus);
    if (!strstr(diag.text, text))
        fail_msg("\"%s\" is not in: %s", text, diag.text);
    assert_null(strstr(diag.text, "s3cret"));
    assert_null(strstr(diag.text, SEED));
}

static void login_url(const struct nats_server *s, const char *login, char ret_url[static 128])
{
    snprintf(ret_url, 128, "nats://%s@127.0.0.1:%d", login, s->port);
}

static void wrong_credentials_are_named_and_not_tried_for_ever(void **state)
{
    struct nats_server s =
        nats_server_start("authorization { users = [{user: twofold, password: right}] }\n");
    struct bus *bus = NULL;
    struct diag diag = {0};
    char url[128];

    (void)state;
    login_url(&s, "twofold:s3cret", url);
    expect_refusal(&(struct bus_options){.url = url}, "refuses the login of user \"twofold\"");
    expect_refusal(&(struct bus_options){.url = s.url}, "a client without a login");
    login_url(&s, "twofold:right", url);
    assert_int_equal(open_with(&(struct bus_options){.url = url}, &bus, &diag), ERR_OK);
    assert_true(bus_connected(bus));
    assert_false(bus_is_closed(bus));
    bus_close(bus);
    nats_server_stop(&s);
}

static void an_nkey_file_logs_in(void **state)
{
    struct nats_server s = nats_server_start("authorization { users = [{nkey: " PUBLIC "}] }\n");
    struct scratch dir;
    struct bus *bus = NULL;
    struct diag diag = {0};
    struct bus_options options = {.url = s.url};

    (void)state;
    scratch_make(&dir);
    options.nkey_file = scratch_write(&dir, "right.nk", "# login\n" SEED "\n", 0600);
    assert_int_equal(open_with(&options, &bus, &diag), ERR_OK);
    bus_close(bus);
    options.nkey_file = scratch_write(&dir, "other.nk", OTHER_SEED "\n", 0600);
    expect_refusal(&options, "refuses the login of nkey U");
    options.nkey_file = scratch_write(&dir, "account.nk", PUBLIC "\n", 0600);
    expect_refusal(&options, "holds no user seed");
    scratch_remove(&dir);
    nats_server_stop(&s);
}

static void mistakes_are_named_without_a_bus(void **state)
{
    struct bus_options o = {.url = "nats://twofold:s3cret@127.0.0.1:1"};
    struct scratch dir;

    (void)state;
    scratch_make(&dir);
    o.creds_file = scratch_path(&dir, "missing");
    expect_refusal(&o, "(TWOFOLD_NATS_CREDS or TWOFOLD_AUDIT_NATS_CREDS): No such file");
    o.creds_file = scratch_write(&dir, "empty", "", 0600);
    expect_refusal(&o, "TWOFOLD_AUDIT_NATS_CREDS): it is empty");
    o.creds_file = dir.folder;
    expect_refusal(&o, "TWOFOLD_AUDIT_NATS_CREDS): Is a directory");
    o = (struct bus_options){.url = o.url, .nkey_file = scratch_path(&dir, "missing")};
    expect_refusal(&o, "(TWOFOLD_NATS_NKEY_FILE or TWOFOLD_AUDIT_NATS_NKEY_FILE): No such file");
    o.login_settings = "TWOFOLD_HEALTH_NATS";
    expect_refusal(&o, "(TWOFOLD_HEALTH_NATS_NKEY_FILE): No such file");
    o = (struct bus_options){.url = o.url, .tls_ca = scratch_path(&dir, "missing")};
    expect_refusal(&o, "(TWOFOLD_NATS_TLS_CA): No such file");
    o = (struct bus_options){.url = o.url, .tls_ca = scratch_write(&dir, "ca", "no PEM", 0600)};
    expect_refusal(&o, "TWOFOLD_NATS_TLS_CA");
    o = (struct bus_options){.url = o.url, .tls_cert = scratch_path(&dir, "ca")};
    expect_refusal(&o, "set both TWOFOLD_NATS_TLS_CERT and TWOFOLD_NATS_TLS_KEY");
    o = (struct bus_options){.url = "nats://twofold:s3cret@bus:70000"};
    expect_refusal(&o, "(TWOFOLD_NATS_URL) is malformed");
    o = (struct bus_options){.url = o.url,
                             .inbox_prefix = "_INBOX.0123456789012345678901234567890"
                                             "123456789012345678901234567890"};
    expect_refusal(&o, "is no prefix of an inbox");
    o = (struct bus_options){.url = o.url, .inbox_prefix = "_INBOX.>"};
    expect_refusal(&o, "is no prefix of an inbox");
    scratch_remove(&dir);
}

static void a_credentials_file_without_credentials_is_refused(void **state)
{
    struct nats_server s = nats_server_start("authorization { users = [{nkey: " PUBLIC "}] }\n");
    struct bus_options options = {.url = s.url};
    struct scratch dir;

    (void)state;
    scratch_make(&dir);
    options.creds_file = scratch_write(&dir, "bus.creds", "nothing of use\n", 0600);
    expect_refusal(&options, "bus.creds");
    scratch_remove(&dir);
    nats_server_stop(&s);
}

static void a_bus_that_is_away_is_unavailable_when_nobody_wants_to_wait(void **state)
{
    struct bus *bus = NULL;
    struct diag diag = {0};

    (void)state;
    assert_int_equal(open_with(&(struct bus_options){.url = "nats://127.0.0.1:1"}, &bus, &diag),
                     ERR_UNAVAILABLE);
    assert_null(bus);
    assert_non_null(strstr(diag.text, "nats://127.0.0.1:1 cannot be reached"));
}

/* Starts the server when it is asked the second time whether to go on. */
struct late {
    struct nats_server server;
    unsigned asked;
};

static bool start_late(void *ctx)
{
    struct late *l = ctx;

    if (++l->asked == 2)
        nats_server_restart(&l->server, NULL);
    return true;
}

static void a_bus_that_comes_late_is_waited_for(void **state)
{
    struct late late = {.server = nats_server_start(NULL)};
    struct bus *bus = NULL;
    struct diag diag = {0};

    (void)state;
    nats_server_kill9(&late.server);
    assert_int_equal(
        bus_open(&(struct bus_options){.url = late.server.url}, start_late, &late, &bus, &diag),
        ERR_OK);
    assert_true(late.asked >= 2);
    assert_true(bus_connected(bus));
    bus_close(bus);
    nats_server_stop(&late.server);
}

/* A listening socket on loopback; what connects is greeted by whoever accepts. */
static int listen_somewhere(char ret_url[static 64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    snprintf(ret_url, 64, "nats://127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

/* 0 where the library itself gives up in time, as current ones do; the guard's code is 1. */
static _Noreturn void open_in_child(const char *url)
{
    struct bus *bus = NULL;
    struct diag diag = {0};
    enum err err = open_with(&(struct bus_options){.url = url, .patience_ms = 3000}, &bus, &diag);

    _exit(err == ERR_UNAVAILABLE ? 0 : 2);
}

static void a_server_that_falls_silent_does_not_keep_the_process(void **state)
{
    static const char greeting[] = "INFO {\"server_id\":\"X\",\"max_payload\":1024}\r\n";
    char url[64];
    int fd = listen_somewhere(url), peer, status = -1;
    pid_t child = fork(), ended = 0;

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        open_in_child(url);
    peer = accept(fd, NULL, NULL);
    assert_int_equal(write(peer, greeting, sizeof greeting - 1), sizeof greeting - 1);
    for (int tries = 0; tries < 2000 && ended == 0; tries++) {
        ended = waitpid(child, &status, WNOHANG);
        usleep(10 * 1000);
    }
    kill(child, ended ? 0 : SIGKILL);
    close(peer);
    close(fd);
    assert_int_equal(ended, child);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 0, 1);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    bus_close(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(wrong_credentials_are_named_and_not_tried_for_ever),
    cmocka_unit_test(an_nkey_file_logs_in),
    cmocka_unit_test(mistakes_are_named_without_a_bus),
    cmocka_unit_test(a_credentials_file_without_credentials_is_refused),
    cmocka_unit_test(a_bus_that_is_away_is_unavailable_when_nobody_wants_to_wait),
    cmocka_unit_test(a_bus_that_comes_late_is_waited_for),
    cmocka_unit_test(a_server_that_falls_silent_does_not_keep_the_process),
    cmocka_unit_test(closing_nothing_is_fine),
};

RUN(tests)

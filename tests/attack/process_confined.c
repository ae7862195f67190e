/*
 * What a process that was taken over can still do: each act is tried twice, each time in a child of
 * its own, once free and once after confine(), the function that the service calls. An act that
 * fails in the free child as well proves nothing, so there it has to work.
 */
#include "attack/process_acts.h"
#include "confine.h"
#include "support/runner.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DID_NOT_END_WELL = -1 };

static struct config config;

static void begin(struct scratch *s)
{
    struct diag diag = {.text = ""};

    config = (struct config){.confine = true, .log_level = LOG_ERROR};
    scratch_make(s);
    snprintf(config.nats_url, sizeof config.nats_url, "nats://127.0.0.1:4222");
    snprintf(config.data_dir, sizeof config.data_dir, "%s/data", s->folder);
    snprintf(config.keyring_file, sizeof config.keyring_file, "%s/keys/keyring", s->folder);
    assert_int_equal(mkdir(config.data_dir, 0700), 0);
    assert_int_equal(mkdir(scratch_path(s, "keys"), 0700), 0);
    assert_int_equal(mkdir(scratch_path(s, "elsewhere"), 0700), 0);
    act_prepare(&config, scratch_path(s, "elsewhere"), &diag);
    log_set_level(LOG_ERROR);
}

static void end(struct scratch *s)
{
    act_clean(&config);
    rmdir(config.data_dir);
    rmdir(scratch_path(s, "keys"));
    rmdir(scratch_path(s, "elsewhere"));
    scratch_remove(s);
}

static bool kernel_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

/* In the child; what the act says goes into OUT. An act that becomes another program says nothing.
 */
static void act_in_child(const struct act *act, bool inside, int out)
{
    struct diag diag = {.text = ""};
    int said;

    if (act->before)
        act->before(&config);
    if (inside && confine(&config, &diag) != ERR_OK) {
        fprintf(stderr, "%s\n", diag.text);
        _exit(1);
    }
    said = act->run(&config);
    (void)!write(out, &said, sizeof said);
    _exit(0);
}

/* 0 when the act worked, or its errno. */
static int outcome(const struct act *act, bool inside)
{
    int ends[2], said = 0, status = 0;
    pid_t child;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(30);
        act_in_child(act, inside, ends[1]);
    }
    close(ends[1]);
    if (read(ends[0], &said, sizeof said) != (ssize_t)sizeof said)
        said = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? said : DID_NOT_END_WELL;
}

static void check_forbidden(const struct act *act)
{
    int freely = outcome(act, false), inside = outcome(act, true);
    bool told = act->may_be_denied ? freely != act->refused : freely == act->freely;

    if (inside == act->refused && act->may_be_denied && !told)
        print_message("%s: this system denies it to any process\n", act->name);
    else if (inside == act->refused && told)
        return;
    else
        fail_msg("%s: %s when free (expected: %s), %s when confined (expected: %s)", act->name,
                 freely ? strerror(freely) : "done", act->freely ? strerror(act->freely) : "done",
                 inside ? strerror(inside) : "done", strerror(act->refused));
}

static void attack_P01_forbidden_calls_fail(void **state)
{
    struct scratch s;

    (void)state;
    if (SANITIZED)
        skip();
    begin(&s);
    for (const struct act *a = acts_on_the_kernel; a->name; a++)
        check_forbidden(a);
    end(&s);
}

static void attack_P02_other_files_are_out_of_reach(void **state)
{
    struct scratch s;

    (void)state;
    if (SANITIZED || !kernel_has_landlock())
        skip();
    begin(&s);
    for (const struct act *a = acts_on_files; a->name; a++)
        check_forbidden(a);
    end(&s);
}

/* A bus by name costs the folder of resolv.conf, and nothing else. */
static void attack_P03_a_bus_by_name_opens_no_more_than_it_must(void **state)
{
    struct scratch s;

    (void)state;
    if (SANITIZED || !kernel_has_landlock())
        skip();
    begin(&s);
    snprintf(config.nats_url, sizeof config.nats_url, "nats://localhost:4222");
    for (const struct act *a = acts_on_files; a->name; a++)
        if (!a->in_etc)
            check_forbidden(a);
    end(&s);
}

static void what_serving_needs_works(void **state)
{
    struct scratch s;

    (void)state;
    begin(&s);
    for (const struct act *a = acts_needed; a->name; a++) {
        int inside = outcome(a, true);

        if (inside)
            fail_msg("%s, confined: %s", a->name,
                     inside < 0 ? "ended by a signal" : strerror(inside));
    }
    end(&s);
}

/* Landlock does not reach a thread that runs already. */
static void *wait_for_ever(void *unused)
{
    (void)unused;
    pause();
    return NULL;
}

static int confine_late(const struct config *c)
{
    struct diag diag = {.text = ""};
    pthread_t thread;

    if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
        return EAGAIN;
    return confine(c, &diag) == ERR_INTERNAL && strstr(diag.text, "thread") ? 0 : EINVAL;
}

static void too_late_is_an_error(void **state)
{
    static const struct act late = {.name = "too late", .run = confine_late};
    struct scratch s;

    (void)state;
    if (SANITIZED)
        skip();
    begin(&s);
    assert_int_equal(outcome(&late, false), 0);
    end(&s);
}

static int confine_without_a_folder(const struct config *c)
{
    static struct config other;
    struct diag diag = {.text = ""};

    other = *c;
    snprintf(other.data_dir, sizeof other.data_dir, "/nonexistent/data");
    return confine(&other, &diag) == ERR_UNAVAILABLE && strstr(diag.text, other.data_dir) ? 0
                                                                                          : EINVAL;
}

static void what_cannot_be_allowed_stops_the_start(void **state)
{
    static const struct act missing = {.name = "missing", .run = confine_without_a_folder};
    struct scratch s;

    (void)state;
    if (SANITIZED || !kernel_has_landlock())
        skip();
    begin(&s);
    assert_int_equal(outcome(&missing, false), 0);
    end(&s);
}

static int start_a_program(const struct config *c)
{
    struct diag diag = {.text = ""};
    static struct config off;
    char *argv[] = {(char[]){"true"}, NULL};

    off = *c;
    off.confine = false;
    if (confine(&off, &diag) != ERR_OK)
        return EINVAL;
    execv("/bin/true", argv);
    return errno;
}

static void off_means_off(void **state)
{
    static const struct act unconfined = {.name = "off", .run = start_a_program};
    struct scratch s;

    (void)state;
    begin(&s);
    assert_int_equal(outcome(&unconfined, false), 0);
    end(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(attack_P01_forbidden_calls_fail),
    cmocka_unit_test(attack_P02_other_files_are_out_of_reach),
    cmocka_unit_test(attack_P03_a_bus_by_name_opens_no_more_than_it_must),
    cmocka_unit_test(what_serving_needs_works),
    cmocka_unit_test(too_late_is_an_error),
    cmocka_unit_test(what_cannot_be_allowed_stops_the_start),
    cmocka_unit_test(off_means_off),
};

RUN(tests)

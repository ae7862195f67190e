#include "unit/store/child.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_MAX = 100000 };

static const struct user_id alice = {.org = "acme", .username = "alice"};

/* Adds one failure and one event in a transaction; returns the failures. */
static uint32_t count_one(struct store *s, struct store_txn **ret_txn)
{
    struct user u;

    assert_int_equal(s->ops->begin(s, ret_txn), ERR_OK);
    assert_int_equal(s->ops->load_user(*ret_txn, &alice, &u), ERR_OK);
    u.exists = true;
    u.code_lockout.failures++;
    assert_int_equal(s->ops->save_user(*ret_txn, &alice, &u), ERR_OK);
    assert_int_equal(s->ops->append_event(*ret_txn, bytes_of_text("counted")), ERR_OK);
    return u.code_lockout.failures;
}

static void report(uint32_t n)
{
    if (write(STDOUT_FILENO, &n, sizeof n) != (ssize_t)sizeof n)
        _exit(3);
}

/* Counts until it is killed, and says how far it is after each commit. */
static void role_ledger(struct store *s)
{
    for (unsigned i = 0; i < EVENTS_MAX; i++) {
        struct store_txn *t;
        uint32_t n = count_one(s, &t);

        assert_int_equal(s->ops->commit(t), ERR_OK);
        report(n);
    }
}

static void role_count(struct store *s)
{
    for (unsigned i = 0; i < COUNTS; i++) {
        struct store_txn *t;

        count_one(s, &t);
        assert_int_equal(s->ops->commit(t), ERR_OK);
    }
    report(COUNTS);
}

/* Begins and waits to be killed. */
static void role_hold(struct store *s)
{
    struct store_txn *t;

    report(count_one(s, &t));
    pause();
}

/* Appends an event, marks the next one as taken, and removes it. Returns the newest position. */
static uint64_t keep_one(struct store *s)
{
    struct outbox_state now;
    struct store_txn *t;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->append_event(t, bytes_of_text("kept")), ERR_OK);
    assert_int_equal(s->ops->look_outbox(s, t, &now), ERR_OK);
    if (now.last > KEPT) {
        now.marks.taken.position++;
        assert_int_equal(s->ops->trim_events(t, now.marks.taken.position, 1), ERR_OK);
    }
    now.marks.dropped++;
    assert_int_equal(s->ops->save_marks(t, &now.marks), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    return now.last;
}

static void role_keep(struct store *s)
{
    for (unsigned i = 0; i < EVENTS_MAX; i++)
        report((uint32_t)keep_one(s));
}

static void role_keep_counted(struct store *s)
{
    for (unsigned i = 0; i < COUNTS; i++)
        keep_one(s);
    report(COUNTS);
}

static void role_open(struct store *s)
{
    (void)s;
    report(0);
}

/* Needs more than the map of a parent that opened with 1 MB. */
static void role_grow(struct store *s)
{
    static char text[2 * 1024 * 1024];

    memset(text, 'x', sizeof text - 1);
    put_event(s, text);
    report(0);
}

static const struct role {
    const char *name;
    void (*run)(struct store *s);
} roles[] = {
    {"ledger", role_ledger},
    {"count", role_count},
    {"hold", role_hold},
    {"open", role_open},
    {"grow", role_grow},
    {"keep", role_keep},
    {"keep counted", role_keep_counted},
};

int child_main(const char *role, const char *root, const char *data)
{
    auto_keyring *keyring = NULL;
    struct place p;
    struct store_lmdb_options options = {.folder = p.data, .size_mb = SIZE_MB};
    struct store *s = NULL;
    struct diag diag;

    snprintf(p.root, sizeof p.root, "%s", root);
    snprintf(p.data, sizeof p.data, "%s", data);
    options.keyring = keyring = keyring_fixed(&p, "1 active 1");
    if (store_lmdb_open(&options, &s, &diag) != ERR_OK) {
        fprintf(stderr, "%s\n", diag.text);
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        if (strcmp(roles[i].name, role) == 0)
            roles[i].run(s);
    store_close(s);
    return 0;
}

struct child child_start(const struct place *p, const char *role)
{
    struct child c;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    c.out = ends[0];
    c.pid = fork();
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "test", "--child", role, p->root, p->data, (char *)NULL);
        _exit(4);
    }
    close(ends[1]);
    return c;
}

uint32_t child_report(const struct child *c)
{
    struct pollfd ready = {.fd = c->out, .events = POLLIN};
    uint32_t n;

    assert_int_equal(poll(&ready, 1, 60000), 1);
    assert_int_equal(read(c->out, &n, sizeof n), sizeof n);
    return n;
}

void child_kill(struct child *c)
{
    int status;

    kill(c->pid, SIGKILL);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(WIFSIGNALED(status));
}

void child_finish(struct child *c)
{
    int status;

    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(c->out);
}

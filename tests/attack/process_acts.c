#include "attack/process_acts.h"

#include "crypto/keyring.h"
#include "crypto/keyring_edit.h"
#include "store/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char elsewhere_file[CONFIG_TEXT_MAX + 16], elsewhere_new[CONFIG_TEXT_MAX + 16];

static const char *at(const struct config *c, const char *name)
{
    static char path[CONFIG_TEXT_MAX + 64];

    snprintf(path, sizeof path, "%s/%s", c->data_dir, name);
    return path;
}

static int open_and_close(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int touch(const char *path)
{
    return open_and_close(path, O_WRONLY | O_CREAT);
}

void act_prepare(const struct config *c, const char *elsewhere, struct diag *reterr)
{
    snprintf(elsewhere_file, sizeof elsewhere_file, "%s/file", elsewhere);
    snprintf(elsewhere_new, sizeof elsewhere_new, "%s/new", elsewhere);
    if (keyring_create(c->keyring_file, reterr) != ERR_OK || touch(elsewhere_file) ||
        touch(at(c, "victim")))
        abort();
    /* A way out of the folder. */
    if (symlink(elsewhere_file, at(c, "link")) != 0)
        abort();
}

void act_clean(const struct config *c)
{
    static const char *const names[] = {"victim", "link",     "publisher.lock",
                                        "new",    "data.mdb", "lock.mdb"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(at(c, names[i]));
    unlink(c->keyring_file);
    unlink(elsewhere_file);
    unlink(elsewhere_new);
}

/* ---- forbidden ---- */

#define OPENS(name, path, flags)            \
    static int name(const struct config *c) \
    {                                       \
        (void)c;                            \
        return open_and_close(path, flags); \
    }

OPENS(read_file, elsewhere_file, O_RDONLY)
OPENS(write_file, elsewhere_file, O_WRONLY)
OPENS(make_file, elsewhere_new, O_WRONLY | O_CREAT)
OPENS(cut_file, elsewhere_file, O_WRONLY | O_TRUNC)
OPENS(read_link, at(c, "link"), O_RDONLY)
OPENS(write_keyring, c->keyring_file, O_WRONLY)
OPENS(read_users, "/etc/passwd", O_RDONLY)
OPENS(read_program, "/bin/true", O_RDONLY)
OPENS(read_maps, "/proc/self/maps", O_RDONLY)
OPENS(write_memory, "/proc/self/mem", O_RDWR)
OPENS(open_null, "/dev/null", O_WRONLY)
OPENS(list_root, "/", O_RDONLY | O_DIRECTORY)
OPENS(hidden_file, "/tmp", O_RDWR | O_TMPFILE)

/* The keyring's folder is for reading alone. */
static int write_beside_keyring(const struct config *c)
{
    char path[CONFIG_TEXT_MAX + 16];
    int result;

    snprintf(path, sizeof path, "%s.new", c->keyring_file);
    result = touch(path);
    unlink(path);
    return result;
}

#define DENIED(text, function)                           \
    {                                                    \
        .name = text, .run = function, .refused = EACCES \
    }

const struct act acts_on_files[] = {
    DENIED("reading another file", read_file),
    DENIED("writing another file", write_file),
    DENIED("making a file elsewhere", make_file),
    DENIED("cutting another file", cut_file),
    DENIED("a link out of the data folder", read_link),
    DENIED("writing the keyring", write_keyring),
    DENIED("a file beside the keyring", write_beside_keyring),
    {.name = "/etc/passwd", .run = read_users, .refused = EACCES, .in_etc = true},
    DENIED("a program", read_program),
    DENIED("our own map", read_maps),
    DENIED("our own memory as a file", write_memory),
    DENIED("a device", open_null),
    DENIED("listing the root", list_root),
    DENIED("a file without a name in /tmp", hidden_file),
    {.name = NULL},
};

/* ---- needed ---- */

static struct tables *tables;
static struct addrinfo server;
static struct sockaddr_in server_address;

static void open_database(const struct config *c)
{
    /* Without a journal: how the tree's file grows is what is tried. */
    struct tables_options options = {.folder = c->data_dir, .size_mb = 64, .plain = true};
    struct diag diag = {.text = ""};

    if (tables_open(&options, &tables, &diag) != ERR_OK)
        abort();
}

static int write_rows(void)
{
    static uint8_t row[4000];
    enum tables_content content;
    auto_tables_txn *t = NULL;

    if (tables_begin_write(tables, &t) != ERR_OK || tables_attach(t, &content) != ERR_OK)
        return EIO;
    for (uint32_t i = 0; i < 1000; i++)
        if (table_put(t, TABLE_USERS, (struct bytes){(const uint8_t *)&i, sizeof i},
                      (struct bytes){row, sizeof row}) != ERR_OK)
            return EIO;
    return tables_commit(STEAL(t)) == ERR_OK ? 0 : EIO;
}

/* Grows from nothing to four megabytes. */
static int use_database(const struct config *c)
{
    struct stat is;
    int result = write_rows();

    if (result)
        return result;
    tables_close(tables);
    if (stat(at(c, "data.mdb"), &is) != 0 || is.st_size < 4000000)
        return EIO;
    return 0;
}

/* Another process has made the file larger than our map of it. */
static void outgrow_database(const struct config *c)
{
    struct tables_options small = {.folder = c->data_dir, .size_mb = 1, .plain = true};
    struct diag diag = {.text = ""};
    pid_t child;

    if (tables_open(&small, &tables, &diag) != ERR_OK)
        abort();
    child = fork();
    if (child == 0) {
        open_database(c);
        _exit(write_rows());
    }
    if (waitpid(child, &(int){0}, 0) != child)
        abort();
}

static int hold_lock(const struct config *c)
{
    int fd = open(at(c, "publisher.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
}

static int read_keyring(const struct config *c)
{
    auto_keyring *k = NULL;
    struct diag diag = {.text = ""};

    return keyring_open(c->keyring_file, &k, &diag) == ERR_OK ? 0 : EIO;
}

/* As `twofoldd keys` does it: by rename. It is another process; here it acts before we look. */
static int replaced_keyring(const struct config *c)
{
    char beside[CONFIG_TEXT_MAX + 16];

    snprintf(beside, sizeof beside, "%s.beside", c->keyring_file);
    for (int i = 0; i < 400 && access(beside, F_OK) == 0; i++)
        usleep(50000);
    return access(beside, F_OK) == 0 ? ETIMEDOUT : read_keyring(c);
}

/* Leaves a process behind that replaces the keyring once this one has been confined. */
static void replace_soon(const struct config *c)
{
    char beside[CONFIG_TEXT_MAX + 16];
    struct diag diag = {.text = ""};

    snprintf(beside, sizeof beside, "%s.beside", c->keyring_file);
    unlink(beside);
    if (keyring_create(beside, &diag) != ERR_OK)
        abort();
    if (fork() == 0) {
        usleep(300000);
        _exit(rename(beside, c->keyring_file));
    }
}

static int resolve(const struct config *c)
{
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo("localhost", "4222", &hints, &found);

    (void)c;
    if (rc)
        return ENOENT;
    freeaddrinfo(found);
    return open_and_close("/etc/hosts", O_RDONLY);
}

static void listen_somewhere(const struct config *c)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t n = sizeof server_address;

    (void)c;
    server_address.sin_family = AF_INET;
    server_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.ai_addr = (struct sockaddr *)&server_address;
    if (bind(fd, server.ai_addr, n) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, server.ai_addr, &n) != 0)
        abort();
}

static int connect_to_it(const struct config *c)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)c;
    return fd < 0 || connect(fd, server.ai_addr, sizeof server_address) != 0 ? errno : 0;
}

static int ask_by_udp(const struct config *c)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)c;
    return fd < 0 || sendto(fd, "?", 1, 0, server.ai_addr, sizeof server_address) != 1 ? errno : 0;
}

static void *wait_for_a_signal(void *ctx)
{
    int received;

    sigwait(ctx, &received);
    return NULL;
}

static int thread_and_signal(const struct config *c)
{
    pthread_t thread;
    sigset_t set;

    (void)c;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&thread, NULL, wait_for_a_signal, &set) != 0)
        return EAGAIN;
    return pthread_kill(thread, SIGTERM) ? EPERM : pthread_join(thread, NULL);
}

static int memory_and_chance(const struct config *c)
{
    uint8_t *big = malloc(64 << 20);
    int result = big && getrandom(big, 32, 0) == 32 ? 0 : ENOMEM;

    (void)c;
    if (big)
        explicit_bzero(big, 64 << 20);
    free(big);
    return result;
}

const struct act acts_needed[] = {
    {.name = "a database that grows", .run = use_database, .before = open_database},
    {.name = "a database that another process grew",
     .run = use_database,
     .before = outgrow_database},
    {.name = "the publisher's lock", .run = hold_lock},
    {.name = "reading the keyring", .run = read_keyring},
    {.name = "reading a keyring that was replaced",
     .run = replaced_keyring,
     .before = replace_soon},
    {.name = "finding a host", .run = resolve},
    {.name = "connecting", .run = connect_to_it, .before = listen_somewhere},
    {.name = "asking by datagram", .run = ask_by_udp, .before = listen_somewhere},
    {.name = "a thread that gets a signal", .run = thread_and_signal},
    {.name = "much memory, random bytes", .run = memory_and_chance},
    {.name = NULL},
};

/*
 * Landlock by its bare calls: Debian 12's headers are older than the kernels it runs on. What the
 * kernel does not know yet is left out, by its version (ABI); what it knows is denied but for the
 * list below.
 *
 * resolv.conf is replaced by rename, by DHCP clients for one. A rule for the file would hold for
 * the old one, and the next reconnection by name would fail. So a bus that is addressed by name
 * costs the reading of the folder in which resolv.conf really lies; on a plain system that is /etc.
 */
#include "confine_parts.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_ROOM = CONFIG_TEXT_MAX + 16 };

/* Younger than the headers. */
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE_FOLDER                                                                         \
    (READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_READ_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG)
#define OF_FILES                                                                            \
    (READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | \
     FS_IOCTL_DEV)
#define SINCE_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

struct rules {
    int fd;
    uint64_t handled;
    struct diag *reterr;
};

/* Found or not, all of these are for reading only. */
static const char *const system_places[] = {
    /* names */
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    /* the certificates that a bus is trusted by when TWOFOLD_NATS_TLS_CA names none */
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    /* random numbers, should the kernel's call fail; some libraries ask nothing else */
    "/dev/urandom",
};

static enum err failed(const struct rules *r, const char *path)
{
    diag_set(r->reterr,
             "cannot confine the service to %s: %s; is it there and may the service's user search "
             "its folder? (TWOFOLD_CONFINE=off starts it unconfined, for debugging)",
             path, strerror(errno));
    return ERR_UNAVAILABLE;
}

static enum err allow(const struct rules *r, const char *path, uint64_t access)
{
    auto_fd fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.parent_fd = fd};
    struct stat is;

    if (fd < 0 || fstat(fd, &is) != 0)
        return failed(r, path);
    rule.allowed_access = access & r->handled & (S_ISDIR(is.st_mode) ? ~0ULL : OF_FILES);
    if (syscall(SYS_landlock_add_rule, r->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        return failed(r, path);
    return ERR_OK;
}

/* The folder that the file lies in, so that a new file in its place can be read as well. */
static enum err allow_beside(const struct rules *r, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash)
        return allow(r, ".", READ_FILE);
    if (slash == path)
        return allow(r, path, READ_FILE);
    if (snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path) >= (int)sizeof folder) {
        errno = ENAMETOOLONG;
        return failed(r, path);
    }
    return allow(r, folder, READ_FILE);
}

/* Where the name is, and where the file is that it leads to. */
static enum err allow_replaceable(const struct rules *r, const char *path)
{
    char real[PATH_MAX];

    if (!*path)
        return ERR_OK;
    if (!realpath(path, real))
        return failed(r, path);
    TRY(allow_beside(r, path));
    return allow_beside(r, real);
}

static enum err allow_system(const struct rules *r, const struct confine_names *names)
{
    char real[PATH_MAX];

    for (size_t i = 0; i < ARRAY_LEN(system_places); i++)
        if (access(system_places[i], F_OK) == 0)
            TRY(allow(r, system_places[i], READ_FILE));
    if (names->by_name && realpath("/etc/resolv.conf", real))
        TRY(allow_beside(r, real));
    return ERR_OK;
}

static enum err allow_all(const struct rules *r, const struct config *c,
                          const struct confine_names *names)
{
    const char *const replaceable[] = {
        c->nats_creds,   c->nats_nkey_file,   c->nats_tls_ca,          c->nats_tls_cert,
        c->nats_tls_key, c->audit_nats_creds, c->audit_nats_nkey_file,
    };
    char keyring[PATH_ROOM];

    config_keyring_path(c, keyring);
    TRY(allow(r, c->data_dir, WRITE_FOLDER));
    TRY(allow_replaceable(r, keyring));
    for (size_t i = 0; i < ARRAY_LEN(replaceable); i++)
        TRY(allow_replaceable(r, replaceable[i]));
    return allow_system(r, names);
}

/* Everything that a kernel of this version can deny. */
static struct ruleset_attr all_of(int abi)
{
    struct ruleset_attr all = {.handled_access_fs = SINCE_1};

    if (abi >= 2)
        all.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        all.handled_access_fs |= FS_TRUNCATE;
    if (abi >= 4)
        all.handled_access_net = NET_BIND_TCP;
    if (abi >= 5)
        all.handled_access_fs |= FS_IOCTL_DEV;
    if (abi >= 6)
        all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return all;
}

enum err confine_files(const struct config *config, const struct confine_names *names, int *ret_abi,
                       struct diag *reterr)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset_attr all = all_of((int)abi);
    auto_fd fd = -1;

    if (abi < 1) {
        *ret_abi = 0; /* not built in, or switched off at boot */
        return ERR_OK;
    }
    fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (fd < 0) {
        diag_set(reterr, "cannot confine the service to its files: %s", strerror(errno));
        return ERR_UNAVAILABLE;
    }
    TRY(allow_all(&(struct rules){fd, all.handled_access_fs, reterr}, config, names));
    if (syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
        diag_set(reterr, "cannot confine the service to its files: %s", strerror(errno));
        return ERR_UNAVAILABLE;
    }
    *ret_abi = (int)abi;
    return ERR_OK;
}

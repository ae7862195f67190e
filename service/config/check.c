/*
 * What one value alone cannot show: whether the settings agree with each other, and with what is on
 * the disk. The start looks at the disk again, and what it says then counts: this is for telling
 * all mistakes at once, before anything is made.
 */
#include "config/check.h"

#include "config/mistake.h"
#include "config/row.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_OF(field) config_rows[CONFIG_INDEX_##field].env

/* ---- the settings among themselves ---- */

static bool is_address(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);

    return strncmp(url, scheme, n) == 0 && url[n] && !strpbrk(url, " ,");
}

static void check_url(const char *url, const char *env, const char *instead,
                      struct config_mistakes *m)
{
    if (strchr(url, '@'))
        mistake_add(m, env, "holds a login, which everyone could read", instead);
    else if (!is_address(url, "nats://") && !is_address(url, "tls://"))
        mistake_add(m, env, "is not the address of a bus",
                    "write nats://host:port or tls://host:port");
}

/* The name stands in subjects. */
static void check_stream(const char *name, struct config_mistakes *m)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    if (name[strspn(name, allowed)])
        mistake_add(m, ENV_OF(audit_stream), "is no name of a stream",
                    "use letters, digits, _ and - alone; or off");
}

/* Length of PATH without the slashes at its end. */
static size_t trimmed(const char *path)
{
    size_t n = strlen(path);

    while (n && path[n - 1] == '/')
        n--;
    return n;
}

/* Where the last name in PATH, of N bytes, begins. */
static size_t last_name(const char *path, size_t n)
{
    while (n && path[n - 1] != '/')
        n--;
    return n;
}

static bool has_own_name(const char *folder)
{
    size_t end = trimmed(folder), start = last_name(folder, end), n = end - start;

    return n && !(n == 1 && folder[start] == '.') &&
           !(n == 2 && strncmp(folder + start, "..", 2) == 0);
}

/* Whoever copies the database must not get its keys along with it. */
static void check_apart(const char *folder, const char *keyring, struct config_mistakes *m)
{
    size_t n = trimmed(folder);

    if (!has_own_name(folder))
        mistake_add(m, ENV_OF(data_dir), "is not a folder with a name of its own",
                    "name one for the database alone");
    else if (strncmp(keyring, folder, n) == 0 && keyring[n] == '/')
        mistake_add(m, ENV_OF(keyring_file),
                    "lies in the data folder, where every copy of the database would take it along",
                    "name a file outside of the data folder");
}

static void check_one_login(const char *creds, const char *nkey, const char *env,
                            struct config_mistakes *m)
{
    if (*creds && *nkey)
        mistake_add(m, env, "and the nkey file are both set, for one login",
                    "leave one of the two out");
}

void check_together(const struct config *c, struct config_mistakes *m)
{
    check_url(c->nats_url, ENV_OF(nats_url),
              "put the login into a file and name it with TWOFOLD_NATS_CREDS or "
              "TWOFOLD_NATS_NKEY_FILE",
              m);
    if (*c->audit_nats_url)
        check_url(c->audit_nats_url, ENV_OF(audit_nats_url),
                  "put the login into a file and name it with TWOFOLD_AUDIT_NATS_CREDS or "
                  "TWOFOLD_AUDIT_NATS_NKEY_FILE",
                  m);
    check_stream(c->audit_stream, m);
    check_apart(c->data_dir, c->keyring_file, m);
    check_one_login(c->nats_creds, c->nats_nkey_file, ENV_OF(nats_creds), m);
    check_one_login(c->audit_nats_creds, c->audit_nats_nkey_file, ENV_OF(audit_nats_creds), m);
    check_one_login(c->health_nats_creds, c->health_nats_nkey_file, ENV_OF(health_nats_creds), m);
    if (!*c->nats_tls_cert != !*c->nats_tls_key)
        mistake_add(m, ENV_OF(nats_tls_cert),
                    "and TWOFOLD_NATS_TLS_KEY belong together, and only one is set",
                    "set both or none");
    /* The bound that crypto/phc.c puts on every stored hash. */
    if ((128ULL * c->scrypt_r) << c->scrypt_ln > 1ULL << 30)
        mistake_add(m, ENV_OF(scrypt_ln),
                    "and TWOFOLD_SCRYPT_R ask for more than 1 GiB for one password",
                    "write smaller ones: 128 * r * 2^ln bytes are taken");
}

/* ---- the settings and the disk ---- */

/* 0, or why FOLDER does not grant MODE (R_OK, ...): an errno. */
static int refused(const char *folder, int mode)
{
    struct stat is;

    if (stat(folder, &is) != 0)
        return errno;
    if (!S_ISDIR(is.st_mode))
        return ENOTDIR;
    return access(folder, mode) == 0 ? 0 : errno;
}

static void check_parent(const char *folder, struct config_mistakes *m)
{
    size_t n = last_name(folder, trimmed(folder));
    char parent[CONFIG_TEXT_MAX + 1];
    int error;

    while (n > 1 && folder[n - 1] == '/')
        n--;
    snprintf(parent, sizeof parent, "%.*s", n ? (int)n : 1, n ? folder : ".");
    error = refused(parent, W_OK | X_OK);
    if (error) {
        struct config_mistake *at = mistake_about(m, ENV_OF(data_dir));

        mistake_wrong(at, "is to be made in %.100s, which cannot be used: %s", parent,
                      strerror(error));
        mistake_instead(at, "make that folder, writable by the service's user, or name another");
    }
}

static void check_folder(const char *folder, struct config_mistakes *m)
{
    int error = refused(folder, R_OK | W_OK | X_OK);
    struct config_mistake *at;

    if (error == 0)
        return;
    if (error == ENOENT) {
        check_parent(folder, m);
        return;
    }
    at = mistake_about(m, ENV_OF(data_dir));
    mistake_wrong(at, "is %.100s, which cannot be used: %s", folder, strerror(error));
    mistake_instead(at, "name a folder that belongs to the service's user, or one to be made");
}

static void check_keyring(const struct config *c, struct config_mistakes *m)
{
    char path[CONFIG_TEXT_MAX + 16];
    struct config_mistake *at;
    struct stat is;
    int error = 0;

    config_keyring_path(c, path);
    if (stat(path, &is) != 0 || access(path, R_OK) != 0)
        error = errno;
    if (error == ENOENT || error == ENOTDIR || (error == 0 && S_ISREG(is.st_mode)))
        return; /* a missing one may be right or not: the start knows the database */
    at = mistake_about(m, ENV_OF(keyring_file));
    mistake_wrong(at, "is %.100s, which cannot be read: %s", path,
                  error ? strerror(error) : "not a regular file");
    mistake_instead(at, "name a file with mode 600 that belongs to the service's user");
}

void check_places(const struct config *c, struct config_mistakes *m)
{
    if (!has_own_name(c->data_dir))
        return;
    check_folder(c->data_dir, m);
    check_keyring(c, m);
}

void config_keyring_path(const struct config *config, char ret_path[static CONFIG_TEXT_MAX + 16])
{
    if (*config->keyring_file)
        snprintf(ret_path, CONFIG_TEXT_MAX + 16, "%s", config->keyring_file);
    else
        snprintf(ret_path, CONFIG_TEXT_MAX + 16, "%.*s.keyring", (int)trimmed(config->data_dir),
                 config->data_dir);
}

#include "transport/bus_login.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_BYTES = 64 * 1024 };

enum { SETTING_BYTES = 128 };

/* Which settings may have named the file: WHICH is "CREDS" or "NKEY_FILE". Without a word of the
 * caller's it may be the login of the service or that of the audit trail. */
static void name_settings(const struct bus_options *o, const char *which,
                          char ret_text[static SETTING_BYTES])
{
    if (o->login_settings)
        snprintf(ret_text, SETTING_BYTES, "%s_%s", o->login_settings, which);
    else
        snprintf(ret_text, SETTING_BYTES, "TWOFOLD_NATS_%s or TWOFOLD_AUDIT_NATS_%s", which, which);
}

struct file_text {
    size_t n;
    char text[FILE_BYTES + 1]; /* NUL-terminated */
};

static void file_text_wipe(struct file_text *f)
{
    wipe(f, sizeof *f);
}

/* Reads the beginning of the file into TEXT; a byte at least. SETTING names it for RETERR. */
static enum err read_file(const char *setting, const char *path, struct file_text *ret_text,
                          struct diag *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, ret_text->text, FILE_BYTES);
    int cause = errno;

    if (fd >= 0)
        close(fd);
    if (n > 0) {
        ret_text->n = (size_t)n;
        ret_text->text[n] = '\0';
        return ERR_OK;
    }
    diag_set(reterr, "cannot read the file \"%s\" (%s): %s", path, setting,
             n < 0 ? strerror(cause) : "it is empty");
    return ERR_VALIDATION;
}

static enum err check_tls_files(const struct bus_options *o, struct diag *reterr)
{
    const struct {
        const char *setting, *path;
    } files[] = {
        {"TWOFOLD_NATS_TLS_CA", o->tls_ca},
        {"TWOFOLD_NATS_TLS_CERT", o->tls_cert},
        {"TWOFOLD_NATS_TLS_KEY", o->tls_key},
    };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        CLEANUP(file_text_wipe) struct file_text f = {0};

        if (!bus_text_empty(files[i].path))
            TRY(read_file(files[i].setting, files[i].path, &f, reterr));
    }
    if (bus_text_empty(o->tls_cert) == bus_text_empty(o->tls_key))
        return ERR_OK;
    diag_set(reterr, "a client certificate needs its key: set both TWOFOLD_NATS_TLS_CERT and "
                     "TWOFOLD_NATS_TLS_KEY");
    return ERR_VALIDATION;
}

/* The library reads the file at each login, and what it cannot read looks like a server's fault. */
static enum err check_creds(const struct bus_options *o, struct diag *reterr)
{
    CLEANUP(file_text_wipe) struct file_text f = {0};
    char settings[SETTING_BYTES];

    name_settings(o, "CREDS", settings);
    TRY(read_file(settings, o->creds_file, &f, reterr));
    if (strstr(f.text, "-BEGIN NATS USER JWT-") && strstr(f.text, "-BEGIN USER NKEY SEED-"))
        return ERR_OK;
    diag_set(reterr,
             "the file \"%s\" (%s) holds no credentials: expected a user's JWT and seed, as nsc "
             "writes them",
             o->creds_file, settings);
    return ERR_VALIDATION;
}

static enum err read_nkey(const struct bus_options *o, char ret_public[static NKEY_TEXT_BYTES],
                          struct diag *reterr)
{
    CLEANUP(file_text_wipe) struct file_text f = {0};
    char settings[SETTING_BYTES];
    enum err err;

    name_settings(o, "NKEY_FILE", settings);
    TRY(read_file(settings, o->nkey_file, &f, reterr));
    err = nkey_public(f.text, f.n, ret_public);
    if (err == ERR_VALIDATION)
        diag_set(reterr,
                 "the file \"%s\" (%s) holds no user seed: expected one line of 58 characters that "
                 "begins with SU",
                 o->nkey_file, settings);
    return err;
}

static void describe(const struct bus_options *o, struct bus_login *l)
{
    if (!bus_text_empty(o->creds_file))
        snprintf(l->who, sizeof l->who, "credentials file \"%s\"", o->creds_file);
    else if (*l->nkey)
        snprintf(l->who, sizeof l->who, "nkey %s", l->nkey);
    else if (*l->url.user)
        snprintf(l->who, sizeof l->who, "user \"%s\"", l->url.user);
    else
        snprintf(l->who, sizeof l->who, "a client without a login");
}

enum err bus_login_check(const struct bus_options *options, struct bus_login *ret_login,
                         struct diag *reterr)
{
    struct bus_login l = {0};

    if (bus_url_parse(options->url, &l.url) != ERR_OK) {
        diag_set(reterr, "the bus address (TWOFOLD_NATS_URL) is malformed: expected "
                         "nats://host:port or tls://host:port");
        return ERR_VALIDATION;
    }
    TRY(check_tls_files(options, reterr));
    if (!bus_text_empty(options->creds_file))
        TRY(check_creds(options, reterr));
    if (!bus_text_empty(options->nkey_file))
        TRY(read_nkey(options, l.nkey, reterr));
    l.tls = l.url.tls || !bus_text_empty(options->tls_ca);
    describe(options, &l);
    *ret_login = l;
    return ERR_OK;
}

/*
 * The order is the point. Keyring and database are opened freely, for their errors are the
 * operator's; then the process is confined while it has a single thread, because Landlock holds for
 * the thread that asks and for those it starts, not for its siblings. The first connection to the
 * bus is made inside already. So whatever a reconnection will need later is needed at the start,
 * where its lack is noticed, and not at night.
 *
 * The system's resolver loads modules (nsswitch.conf) at the first look-up. Inside, no code can be
 * loaded any more, so those that are configured are loaded before.
 */
#include "confine.h"

#include "base/log.h"
#include "confine_parts.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { MODULE_MAX = 64 };

/* ---- the way to the bus ---- */

/* Is the host in "scheme://host:port" a name? What looks strange counts as one. */
static bool is_by_name(const char *url)
{
    const char *host = strstr(url, "://");
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    size_t n;

    host = host ? host + 3 : url;
    if (*host == '[')
        return false; /* IPv6 */
    n = strcspn(host, ":/");
    if (n >= sizeof text)
        return true;
    snprintf(text, sizeof text, "%.*s", (int)n, host);
    return inet_pton(AF_INET, text, &v4) != 1;
}

/* True when WORD names a module that is there. It stays loaded. */
static bool load_module(const char *word)
{
    static const char of_a_name[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    char file[MODULE_MAX + sizeof "libnss_.so.2"];

    if (strlen(word) > MODULE_MAX || word[strspn(word, of_a_name)])
        return false;
    if (strcmp(word, "files") == 0 || strcmp(word, "dns") == 0)
        return false; /* parts of libc */
    snprintf(file, sizeof file, "libnss_%s.so.2", word);
    return dlopen(file, RTLD_NOW | RTLD_LOCAL) != NULL;
}

static bool load_modules_of(char *line)
{
    bool any = false;
    char *rest = NULL;

    line[strcspn(line, "#\n")] = '\0';
    for (char *w = strtok_r(line, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest))
        any |= load_module(w);
    return any;
}

static bool load_modules(void)
{
    FILE *file = fopen("/etc/nsswitch.conf", "re");
    char line[1024];
    bool any = false;

    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "hosts:", 6) == 0)
            any |= load_modules_of(line + 6);
    fclose(file);
    return any;
}

/* ---- the whole ---- */

/* A thread that runs already would stay free. (The links of the folder: ".", ".." and a thread
 * each.) */
static enum err check_alone(struct diag *reterr)
{
    struct stat tasks;

    if (stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink <= 3)
        return ERR_OK;
    diag_set(reterr, "cannot confine the service: a thread runs already; this is a bug");
    return ERR_INTERNAL;
}

static void report(int abi, bool calls)
{
    if (abi && calls)
        log_at(LOG_INFO, "confined: no other files, no programs, few calls of the kernel",
               FIELD("landlock", abi), FIELD("seccomp", "on"));
    if (!abi)
        log_at(LOG_WARN,
               "this kernel has no Landlock: whoever took this process over could read and write "
               "whatever its user may",
               FIELD("seccomp", calls ? "on" : "off"));
    if (!calls)
        log_at(LOG_WARN,
               "this kernel has no seccomp filters: whoever took this process over could start "
               "programs as its user",
               FIELD("landlock", abi));
}

static enum err confine_now(const struct config *config, struct diag *reterr)
{
    struct confine_names names = {.by_name = is_by_name(config->nats_url)};
    bool calls = false;
    int abi = 0;

    TRY(check_alone(reterr));
    if (names.by_name)
        names.plugins = load_modules();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        diag_set(reterr, "cannot give up new privileges: %s", strerror(errno));
        return ERR_UNAVAILABLE;
    }
    TRY(confine_files(config, &names, &abi, reterr));
    TRY(confine_calls(&names, &calls, reterr));
    report(abi, calls);
    return ERR_OK;
}

enum err confine(const struct config *config, struct diag *reterr)
{
    if (SANITIZED) {
        log_at(LOG_INFO, "not confined: this build checks itself with sanitizers");
        return ERR_OK;
    }
    if (!config->confine) {
        log_at(LOG_WARN, "not confined, as TWOFOLD_CONFINE asks for");
        return ERR_OK;
    }
    return confine_now(config, reterr);
}

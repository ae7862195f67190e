/*
 * The command: it must end in time whatever happens, and it is asked for in the middle of trouble.
 * A name server that is silent, or a bus that accepts a connection and says no more, can hold up
 * the client library for longer than its own timeouts; so an alarm clock ends the process, with the
 * verdict that is then true.
 */
#include "tools/health.h"

#include "app.h"
#include "base/clock.h"
#include "tools/health_parts.h"
#include "tools/tools.h"
#include "transport/bus.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

enum { TIMEOUT_S = 3, TIMEOUT_MAX_S = 60, GRACE_MS = 400 };
enum option { OPTION_TIMEOUT, OPTION_INBOX };

static void help(FILE *out)
{
    fprintf(out,
            "usage: twofoldd health [--json] [--timeout SECONDS] [--inbox-prefix PREFIX]\n"
            "                       [--flag value | --flag=value] ...\n\n"
            "Asks the instances of twofoldd on this host (in a container: this container), over\n"
            "the bus, whether they are well: they serve, the thread that decides moves on, the\n"
            "database takes a write, and no request is refused for what is full. Says so in one\n"
            "line; or in a line for each trouble what is wrong, and what to do. Reads neither\n"
            "keyring nor database, and writes nothing.\n\n"
            "  --json                 one line of JSON instead\n"
            "  --timeout SECONDS      how long to ask until all is well: 1 to %d, default %d\n"
            "  --inbox-prefix PREFIX  where the login is answered, default %s\n\n"
            "The login is TWOFOLD_HEALTH_NATS_NKEY_FILE's or _CREDS', else the service's own. It\n"
            "must publish \"$SRV.STATS.twofold\", and subscribe to its inbox, \"%s.>\".\n\n"
            "Exit codes: %d well, %d not well, %d a mistake in the command or the settings\n",
            TIMEOUT_MAX_S, TIMEOUT_S, BUS_HEALTH_INBOX, BUS_HEALTH_INBOX, CONFIG_EXIT_DONE,
            CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

/* ---- the alarm clock ---- */

static char late_line[CONFIG_TEXT_MAX + 256];
static volatile sig_atomic_t said; /* the verdict is out: */
static volatile sig_atomic_t code = CONFIG_EXIT_FAILED;

static void on_alarm(int number)
{
    (void)number;
    if (!said && write(STDOUT_FILENO, late_line, strlen(late_line)) < 0)
        _exit(CONFIG_EXIT_FAILED);
    _exit(code);
}

static void set_alarm(int64_t ms)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval when = {
        .it_value = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000}};
    sigset_t set;

    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    setitimer(ITIMER_REAL, &when, NULL);
}

/* ---- the command ---- */

static bool read_seconds(const char *text, int64_t *ret)
{
    int64_t n = 0;

    if (!text) {
        *ret = TIMEOUT_S;
        return true;
    }
    for (; *text >= '0' && *text <= '9' && n <= TIMEOUT_MAX_S; text++)
        n = n * 10 + (*text - '0');
    *ret = n;
    return !*text && n >= 1 && n <= TIMEOUT_MAX_S;
}

static enum err name_host(struct health_check *c, struct diag *reterr)
{
    char name[HEALTH_NAME_BYTES] = "";

    if (gethostname(name, sizeof name - 1) == 0 && *name) {
        health_printable(name, c->host, sizeof c->host);
        return ERR_OK;
    }
    diag_set(reterr, "this host has no name to know its instances by");
    return ERR_UNAVAILABLE;
}

static int check(struct health_check *c, bool json, int64_t timeout_ms)
{
    health_late_line(c, json, late_line, sizeof late_line);
    set_alarm(timeout_ms + GRACE_MS);
    c->until_ms = clock_monotonic_ms() + timeout_ms;
    health_ask(c);
    code = c->verdict.well ? CONFIG_EXIT_DONE : CONFIG_EXIT_FAILED;
    health_say(c, json);
    said = 1;
    return code;
}

int health_run(int argc, char **argv)
{
    static const struct tool_spec spec = {
        .name = "health",
        .flag = "--json",
        .options = {[OPTION_TIMEOUT] = "--timeout", [OPTION_INBOX] = "--inbox-prefix"},
        .help = help};
    static struct health_check c;
    static struct tool tool;
    struct diag diag = {.text = ""};
    int64_t seconds;
    int exit_code;

    app_harden();
    log_set_level(LOG_ERROR); /* a tool says itself what it does */
    if (!tool_read(&spec, argc, argv, &tool, &exit_code))
        return exit_code;
    if (!read_seconds(tool.option_values[OPTION_TIMEOUT], &seconds)) {
        fprintf(stderr, "twofoldd: --timeout is 1 to %d seconds; see twofoldd health --help\n",
                TIMEOUT_MAX_S);
        return CONFIG_EXIT_MISTAKE;
    }
    c.config = &tool.config;
    c.inbox_prefix = tool.option_values[OPTION_INBOX];
    if (name_host(&c, &diag) != ERR_OK)
        return tool_end(ERR_UNAVAILABLE, &diag);
    return check(&c, tool.flagged, seconds * 1000);
}

#include "support/nats_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRIES = 500, TRY_MS = 20 };

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

void nats_server_path(const struct nats_server *s, const char *name, char ret_path[static 128])
{
    snprintf(ret_path, 128, "%s/%s", s->folder, name);
}

static void write_config(const struct nats_server *s, const char *extra)
{
    char path[128];
    FILE *f;

    nats_server_path(s, "nats.conf", path);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s", extra ? extra : "");
    assert_int_equal(fclose(f), 0);
}

/* In the child: becomes the server. */
static void become_server(const struct nats_server *s, const char *port, pid_t parent)
{
    int log;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir(s->folder) != 0)
        _exit(126);
    log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execlp("nats-server", "nats-server", "-c", "nats.conf", "-a", "127.0.0.1", "-p", port,
           "--ports_file_dir", s->folder, (char *)NULL);
    _exit(127);
}

static bool has_ended(struct nats_server *s)
{
    if (waitpid(s->pid, NULL, WNOHANG) != s->pid)
        return false;
    s->pid = 0;
    return true;
}

/* The server writes this file when it listens: {"nats":["nats://127.0.0.1:4222"],...} */
static bool read_ports_file(struct nats_server *s)
{
    char name[64], path[128], text[512] = "", *url, *end;
    FILE *f;

    snprintf(name, sizeof name, "nats-server_%d.ports", (int)s->pid);
    nats_server_path(s, name, path);
    f = fopen(path, "r");
    if (!f)
        return false;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    url = strstr(text, "tls://127.");
    if (!url)
        url = strstr(text, "nats://127.");
    end = url ? strchr(url, '"') : NULL;
    if (!end)
        return false;
    snprintf(s->url, sizeof s->url, "%.*s", (int)(end - url), url);
    s->port = (int)strtol(strrchr(s->url, ':') + 1, NULL, 10);
    return true;
}

static bool accepts(int port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;

    close(fd);
    return yes;
}

static void show_log(const struct nats_server *s)
{
    char path[128], line[512];
    FILE *f;

    nats_server_path(s, "log", path);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        print_error("%s", line);
    if (f)
        fclose(f);
}

static void launch(struct nats_server *s, int port)
{
    pid_t parent = getpid();
    char port_text[12];

    snprintf(port_text, sizeof port_text, "%d", port);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        become_server(s, port_text, parent);
    for (int i = 0; i < TRIES && !has_ended(s); i++) {
        if (read_ports_file(s) && accepts(s->port))
            return;
        pause_ms(TRY_MS);
    }
    show_log(s);
    fail_msg("nats-server does not start");
}

struct nats_server nats_server_start(const char *extra_config)
{
    struct nats_server s = {.folder = "/tmp/twofold-nats-XXXXXX"};

    assert_non_null(mkdtemp(s.folder));
    write_config(&s, extra_config);
    launch(&s, -1);
    return s;
}

static void end_with(struct nats_server *s, int signal_number)
{
    if (!s->pid)
        return;
    kill(s->pid, signal_number);
    for (int i = 0; i < TRIES; i++) {
        if (has_ended(s))
            return;
        pause_ms(TRY_MS);
    }
    fail_msg("nats-server does not end");
}

void nats_server_kill9(struct nats_server *s)
{
    end_with(s, SIGKILL);
}

void nats_server_freeze(const struct nats_server *s)
{
    int status = 0;

    assert_int_equal(kill(s->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(s->pid, &status, WUNTRACED), s->pid);
    assert_true(WIFSTOPPED(status));
}

void nats_server_thaw(const struct nats_server *s)
{
    assert_int_equal(kill(s->pid, SIGCONT), 0);
}

void nats_server_restart(struct nats_server *s, const char *extra_config)
{
    assert_int_equal(s->pid, 0);
    if (extra_config)
        write_config(s, extra_config);
    launch(s, s->port);
}

void nats_server_reload(struct nats_server *s, const char *extra_config)
{
    write_config(s, extra_config);
    kill(s->pid, SIGHUP);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void nats_server_stop(struct nats_server *s)
{
    end_with(s, SIGTERM);
    nftw(s->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

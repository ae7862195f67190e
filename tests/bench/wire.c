#include "bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IN_BYTES = 256 * 1024,
    OUT_BYTES = 2 * 1024 * 1024,
    OUT_LIMIT = 1024 * 1024,
    LOGIN_MS = 5000
};

static bool failed(const char *what)
{
    fprintf(stderr, "bus: %s: %s\n", what, strerror(errno));
    return false;
}

static int dial(const char *url)
{
    static const char host[] = "nats://127.0.0.1:";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd;

    if (strncmp(url, host, sizeof host - 1) != 0)
        return -1;
    to.sin_port = htons((uint16_t)strtoul(url + sizeof host - 1, NULL, 10));
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Until the server has answered our PING, and so has taken the subscription. */
static bool logged_in(struct wire *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};

    while (poll(&p, 1, LOGIN_MS) == 1) {
        if (!wire_read(w))
            return false;
        if (memmem(w->in, w->in_to, "PONG\r\n", 6)) {
            w->in_to = 0;
            return true;
        }
    }
    errno = ETIMEDOUT;
    return false;
}

bool wire_open(struct wire *w, const char *url, const char *inbox)
{
    *w = (struct wire){.fd = dial(url), .in = malloc(IN_BYTES), .out = malloc(OUT_BYTES)};
    if (w->fd < 0 || !w->in || !w->out)
        return failed(url);
    w->out_to = (size_t)snprintf(w->out, OUT_BYTES,
                                 "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,"
                                 "\"no_responders\":true,\"lang\":\"C\",\"version\":\"0\","
                                 "\"protocol\":1,\"name\":\"bench\"}\r\nSUB %s 1\r\nPING\r\n",
                                 inbox);
    return (wire_flush(w) && logged_in(w)) || failed("login");
}

void wire_close(struct wire *w)
{
    if (w->fd > 0)
        close(w->fd);
    free(w->in);
    free(w->out);
    *w = (struct wire){.fd = -1};
}

char *wire_room(struct wire *w, size_t n)
{
    char *room;

    if (w->out_to - w->out_from > OUT_LIMIT)
        return NULL;
    if (w->out_to + n > OUT_BYTES) {
        memmove(w->out, w->out + w->out_from, w->out_to - w->out_from);
        w->out_to -= w->out_from;
        w->out_from = 0;
    }
    room = w->out + w->out_to;
    w->out_to += n;
    return room;
}

bool wire_flush(struct wire *w)
{
    while (w->out_from < w->out_to) {
        ssize_t n = write(w->fd, w->out + w->out_from, w->out_to - w->out_from);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        w->out_from += (size_t)n;
    }
    w->out_from = w->out_to = 0;
    return true;
}

bool wire_unsent(const struct wire *w)
{
    return w->out_from < w->out_to;
}

bool wire_read(struct wire *w)
{
    ssize_t n;

    if (w->in_from > 0) {
        memmove(w->in, w->in + w->in_from, w->in_to - w->in_from);
        w->in_to -= w->in_from;
        w->in_from = 0;
    }
    n = read(w->fd, w->in + w->in_to, IN_BYTES - w->in_to);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    w->in_to += (size_t)n;
    return n > 0;
}

/* MSG subject sid [reply] bytes, or HMSG subject sid [reply] header-bytes bytes: none of what is
 * asked here is sent with a reply subject. */
static bool head_of(const char *line, size_t n, struct wire_message *ret)
{
    const bool with_header = line[0] == 'H';
    const char *p = line + (with_header ? 5 : 4), *end = memchr(p, ' ', n - (size_t)(p - line));
    char *after = NULL;

    if (!end)
        return false;
    ret->subject = p;
    ret->n_subject = (size_t)(end - p);
    (void)strtoul(end + 1, &after, 10); /* the subscription: there is one */
    ret->n_header = with_header ? strtoul(after, &after, 10) : 0;
    ret->n_body = strtoul(after, &after, 10) - ret->n_header;
    return true;
}

/* Takes a line that is no message; false for one that ends the run. */
static bool heed(struct wire *w, const char *line)
{
    char *room;

    if (strncmp(line, "-ERR", 4) == 0)
        fprintf(stderr, "bus: %.*s\n", (int)strcspn(line, "\r\n"), line);
    if (strncmp(line, "PING", 4) == 0 && (room = wire_room(w, 6)))
        memcpy(room, "PONG\r\n", 6);
    return true;
}

bool wire_next(struct wire *w, struct wire_message *ret)
{
    for (;;) {
        const char *line = w->in + w->in_from, *end = memchr(line, '\n', w->in_to - w->in_from);
        const char *bytes = end ? end + 1 : NULL;

        if (!end)
            return false;
        if (strncmp(line, "MSG ", 4) != 0 && strncmp(line, "HMSG ", 5) != 0) {
            heed(w, line);
            w->in_from = (size_t)(bytes - w->in);
            continue;
        }
        if (!head_of(line, (size_t)(end - line), ret) ||
            (size_t)(w->in + w->in_to - bytes) < ret->n_header + ret->n_body + 2)
            return false;
        ret->header = ret->n_header ? (const uint8_t *)bytes : NULL;
        ret->body = (const uint8_t *)bytes + ret->n_header;
        w->in_from = (size_t)(bytes - w->in) + ret->n_header + ret->n_body + 2;
        return true;
    }
}

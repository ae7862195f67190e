#include "base/log.h"

#include "base/attr.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 };

struct line {
    char text[LINE_MAX_BYTES];
    size_t n;
};

static enum log_level least = LOG_INFO;

void log_set_level(enum log_level level)
{
    least = level;
}

/* Keeps one byte for the newline; what does not fit is cut. */
static void put(struct line *l, char c)
{
    if (l->n < sizeof l->text - 1)
        l->text[l->n++] = c;
}

static void put_text(struct line *l, const char *s)
{
    for (; *s; s++)
        put(l, *s);
}

static bool is_plain(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || strchr("\"=\\", *s))
            return false;
    return true;
}

static void put_value(struct line *l, const char *s)
{
    if (is_plain(s)) {
        put_text(l, s);
        return;
    }
    put(l, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        char escaped[8];

        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned)c);
        else
            snprintf(escaped, sizeof escaped, "%c", c);
        put_text(l, escaped);
    }
    put(l, '"');
}

static void put_field(struct line *l, const struct log_field *f)
{
    char number[24];

    put(l, ' ');
    put_text(l, f->key);
    put(l, '=');
    switch (f->kind) {
    case LOG_TEXT:
        put_value(l, f->value.text ? f->value.text : "");
        return;
    case LOG_SIGNED:
        snprintf(number, sizeof number, "%" PRId64, f->value.i);
        break;
    case LOG_UNSIGNED:
        snprintf(number, sizeof number, "%" PRIu64, f->value.u);
        break;
    }
    put_text(l, number);
}

static void put_time(struct line *l)
{
    struct timespec now;
    struct tm utc;
    char stamp[64];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    snprintf(stamp, sizeof stamp, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
             now.tv_nsec / 1000000);
    put_text(l, stamp);
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};
    struct line l = {.n = 0};

    if (level < least)
        return;
    put_time(&l);
    put_text(&l, " level=");
    put_text(&l, names[level]);
    put_text(&l, " msg=");
    put_value(&l, msg);
    for (size_t i = 0; i < n; i++)
        put_field(&l, &fields[i]);
    l.text[l.n++] = '\n';
    /* A log that cannot be written has nowhere to be reported. */
    if (write(STDERR_FILENO, l.text, l.n) < 0)
        return;
}

#include "tools/moment.h"

#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *AT, at most nine of them; false when there is none. */
static bool take_number(const char **at, long *ret)
{
    int n = 0;

    for (*ret = 0; digit(**at) && n < 9; n++)
        *ret = *ret * 10 + *(*at)++ - '0';
    return n > 0 && !digit(**at);
}

static bool parse_ago(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60 * 1000}, {'h', 3600 * 1000}, {'d', 24 * 3600 * 1000}};
    long n;

    if (!take_number(&text, &n) || !*text || text[1])
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (units[i].unit == *text) {
            *ret_ms = now_ms - n * units[i].ms;
            return true;
        }
    return false;
}

/* "Z", "+02:00"; RET in seconds. */
static bool parse_offset(const char *text, long *ret)
{
    long hours = 0, minutes = 0;
    char sign = *text;

    *ret = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if ((sign != '+' && sign != '-') || strlen(text) != sizeof "+02:00" - 1 || text[3] != ':')
        return false;
    text++;
    if (!take_number(&text, &hours) || *text++ != ':' || !take_number(&text, &minutes) || *text ||
        hours > 23 || minutes > 59)
        return false;
    *ret = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

/* ".5" -> 500; *AT moves behind it. */
static int take_fraction(const char **at)
{
    int ms = 0, scale = 100;

    if (**at != '.' || !digit((*at)[1]))
        return 0;
    for (++*at; digit(**at); ++*at, scale /= 10)
        ms += (**at - '0') * scale;
    return ms;
}

/* strptime is more generous than RFC 3339: blanks, years of five digits. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape; shape++, text++)
        if (*shape == '0' ? !digit(*text) : *text != *shape)
            return false;
    return true;
}

static bool parse_time(const char *text, int64_t *ret_ms)
{
    struct tm tm = {0};
    bool date_alone = strlen(text) == sizeof "2026-11-22" - 1;
    const char *rest;
    int64_t seconds;
    long offset = 0;
    int ms, day;

    if (!has_shape(text, date_alone ? "0000-00-00" : "0000-00-00T00:00:00"))
        return false;
    rest = strptime(text, date_alone ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return false;
    ms = date_alone ? 0 : take_fraction(&rest);
    if (date_alone ? *rest : !parse_offset(rest, &offset))
        return false;
    day = tm.tm_mday;
    seconds = (int64_t)timegm(&tm) - offset;
    if (tm.tm_mday != day) /* the 30th of February */
        return false;
    *ret_ms = seconds * 1000 + ms;
    return true;
}

bool moment_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    if (strcmp(text, "now") == 0) {
        *ret_ms = now_ms;
        return true;
    }
    return parse_ago(text, now_ms, ret_ms) || parse_time(text, ret_ms);
}

void moment_print(int64_t unix_ms, char ret_text[static MOMENT_BYTES])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc = {0};
    char text[64];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + strlen(text), sizeof text - strlen(text), ".%03dZ", (int)(unix_ms % 1000));
    snprintf(ret_text, MOMENT_BYTES, "%.*s", MOMENT_BYTES - 1, text);
}

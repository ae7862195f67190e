#include "since.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    char letter;
    int64_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

static bool read_ago(const char *text, int64_t now_ms, int64_t *ret_unix_ms)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number;

    if (digits == 0 || digits > 9 || strlen(text) != digits + 1)
        return false;
    number = strtol(text, NULL, 10);
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (units[i].letter == text[digits]) {
            *ret_unix_ms = now_ms - number * units[i].seconds * 1000;
            return *ret_unix_ms > 0;
        }
    return false;
}

/* "Z", "+01:00" or "-01:00": seconds east of Greenwich. */
static bool read_zone(const char *text, int64_t *ret_s)
{
    int64_t h, m;

    *ret_s = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
        strspn(text + 1, "0123456789") != 2 || strspn(text + 4, "0123456789") != 2)
        return false;
    h = strtol(text + 1, NULL, 10);
    m = strtol(text + 4, NULL, 10);
    *ret_s = (text[0] == '-' ? -1 : 1) * (h * 3600 + m * 60);
    return h <= 23 && m <= 59;
}

/* ".25" at *TEXT, which moves behind it; none is 0. */
static bool read_fraction(const char **text, int64_t *ret_ms)
{
    size_t digits;
    int64_t weight = 100;

    *ret_ms = 0;
    if (**text != '.')
        return true;
    ++*text;
    digits = strspn(*text, "0123456789");
    for (size_t i = 0; i < digits; i++, weight /= 10)
        *ret_ms += weight * ((*text)[i] - '0');
    *text += digits;
    return digits > 0;
}

/* What is no day of the calendar comes out as another one. */
static bool is_same_day(const struct tm *given, time_t s)
{
    struct tm again;

    return gmtime_r(&s, &again) && again.tm_mday == given->tm_mday && again.tm_mon == given->tm_mon;
}

static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; text++, shape++)
        if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
            return false;
    return true;
}

bool since_read(const char *text, int64_t now_ms, int64_t *ret_unix_ms)
{
    struct tm utc = {0}, day;
    int64_t zone_s = 0, ms = 0;
    const char *rest;
    time_t s;

    if (!has_shape(text, "0000-00-00"))
        return read_ago(text, now_ms, ret_unix_ms);
    rest = strptime(text, "%Y-%m-%d", &utc);
    if (rest && *rest != '\0') {
        if (!has_shape(rest, "T00:00:00"))
            return false;
        rest = strptime(rest, "T%H:%M:%S", &utc);
        if (!rest || !read_fraction(&rest, &ms) || !read_zone(rest, &zone_s))
            return false;
    }
    if (!rest)
        return false;
    day = (struct tm){.tm_year = utc.tm_year, .tm_mon = utc.tm_mon, .tm_mday = utc.tm_mday};
    if (!is_same_day(&utc, timegm(&day)))
        return false;
    s = timegm(&utc);
    *ret_unix_ms = ((int64_t)s - zone_s) * 1000 + ms;
    return *ret_unix_ms > 0;
}

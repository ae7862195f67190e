#include "transport/bus_violation.h"

#include <stdio.h>
#include <string.h>

static bool is_violation(const char *text)
{
    return strstr(text, "Permissions Violation for Publish") != NULL;
}

void bus_violation_hear(struct bus_violations *v, const char *text)
{
    if (!is_violation(text))
        return;
    pthread_mutex_lock(&v->mutex);
    snprintf(v->heard, sizeof v->heard, "%s", text);
    pthread_mutex_unlock(&v->mutex);
}

void bus_violation_take(struct bus_violations *v, const char *last,
                        char ret_text[static VIOLATION_BYTES])
{
    bool is_new;

    pthread_mutex_lock(&v->mutex);
    is_new = is_violation(last) && strcmp(last, v->taken) != 0;
    snprintf(ret_text, VIOLATION_BYTES, "%s", is_new ? last : v->heard);
    if (*ret_text)
        snprintf(v->taken, sizeof v->taken, "%s", ret_text);
    *v->heard = '\0';
    pthread_mutex_unlock(&v->mutex);
}

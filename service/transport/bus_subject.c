/*
 * A requester chooses the subject of its reply, and whoever answers publishes there with the
 * service's own permissions: without a rule, a caller could make the service publish requests of
 * another organization, or audit events. So a reply goes to an inbox, or to a subject that the
 * server itself made for an import from another account (_R_., which clients cannot forge).
 */
#include "transport/bus_subject.h"

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool bus_subject_valid(const char *subject)
{
    char before = '.';

    for (const char *s = subject; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c <= ' ' || c == 0x7f || c == '*' || c == '>' || (c == '.' && before == '.'))
            return false;
        before = *s;
    }
    return before != '.';
}

bool bus_reply_allowed(const char *subject)
{
    if (strnlen(subject, REPLY_SUBJECT_MAX + 1) > REPLY_SUBJECT_MAX || !bus_subject_valid(subject))
        return false;
    /* Acknowledgements arrive there: no answer may pass for one. */
    if (has_prefix(subject, BUS_AUDIT_INBOX "."))
        return false;
    return has_prefix(subject, "_INBOX.") || has_prefix(subject, "_R_.");
}

/* What may stand in a subject. The client library checks nothing: a subject with a line break in it
 * would reach the server as another command. */
#ifndef TWOFOLD_TRANSPORT_BUS_SUBJECT_H
#define TWOFOLD_TRANSPORT_BUS_SUBJECT_H

#include "transport/bus.h"

/* Longest subject that a reply may ask for. */
enum { REPLY_SUBJECT_MAX = 256 };

/* May SUBJECT be published to: dot-separated tokens, none empty, no wildcard, blank or control
 * character? */
bool bus_subject_valid(const char *subject);

#endif

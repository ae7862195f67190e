/* Names on the bus, all of them derived: from the organization and the generated descriptors. */
#ifndef TWOFOLD_CLIENT_SUBJECT_H
#define TWOFOLD_CLIENT_SUBJECT_H

#include "base/attr.h"

#include <stdbool.h>
#include <twofold/client.h>

enum { SUBJECT_SIZE = 256 };

/* 1..64 of [A-Za-z0-9_-]: then it is one subject token, and can be nothing else. */
bool org_valid(const char *org);

/* "_INBOX" or below it ("_INBOX.app"), as the service answers nowhere else: tokens of
 * [A-Za-z0-9_-], parted by single dots, at most 100 characters. */
bool inbox_prefix_valid(const char *prefix);

/* Subject of the organization's audit events: all of them (TYPE NULL), a category, or one type.
 * False when TYPE is neither. */
NODISCARD bool audit_subject(const char *org, const char *type, char ret_subject[SUBJECT_SIZE]);

/* The subject that TEXT, a complaint of the server, forbids to publish on. False: it says no such
 * thing, or the subject is longer than ours are. */
NODISCARD bool subject_of_violation(const char *text, char ret_subject[SUBJECT_SIZE]);

#endif

/* Rows of users in the file, changed by somebody who can write there. */
#ifndef TWOFOLD_TESTS_SUPPORT_DAMAGE_H
#define TWOFOLD_TESTS_SUPPORT_DAMAGE_H

#include "support/peek.h"
#include "support/steps.h"

#include "store/record.pb-c.h"

enum { ROW_MAX = 8192 };

/* The row of WHO, in and out of the file: for change_rows. */
struct damage {
    const char *org, *who; /* ORG NULL: "default" */
    uint8_t bytes[ROW_MAX];
    size_t n;
};
row_change read_row, write_row;

/* Ada's record as somebody who has the keyring could write it: CHANGE, under a right MAC. */
struct rewrite {
    const char *keyring_file;
    void (*change)(Twofold__Record__User *);
};
row_change rewrite_row;

/* Whoever asks about ada, and with whatever is right in E: UNAVAILABLE. */
void opens_nothing(struct service *s, const struct enrolled *e);

#endif

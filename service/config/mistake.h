/* Collecting mistakes; for the files of this folder. */
#ifndef TWOFOLD_CONFIG_MISTAKE_H
#define TWOFOLD_CONFIG_MISTAKE_H

#include "config/config.h"

/* A new mistake about KEY for the caller to describe; scratch when there are too many. */
struct config_mistake *mistake_about(struct config_mistakes *m, const char *key);

/* WRONG and INSTEAD as they are. */
void mistake_add(struct config_mistakes *m, const char *key, const char *wrong,
                 const char *instead);

/* Formats into the fields of a mistake, cutting at their end; control characters become '?'. */
void mistake_wrong(struct config_mistake *at, const char *fmt, ...) PRINTF_LIKE(2, 3);
void mistake_instead(struct config_mistake *at, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Suggests the known name that is nearest to NAME, a variable or a flag, if one is near. */
void mistake_suggest(struct config_mistake *at, const char *name);

#endif

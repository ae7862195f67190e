/* Mistakes that no value shows by itself; for the files of this folder. */
#ifndef TWOFOLD_CONFIG_CHECK_H
#define TWOFOLD_CONFIG_CHECK_H

#include "config/config.h"

/* What the settings say about each other. */
void check_together(const struct config *config, struct config_mistakes *m);

/* What the file system says about the data folder, its parent and the keyring; writes nothing. */
void check_places(const struct config *config, struct config_mistakes *m);

#endif

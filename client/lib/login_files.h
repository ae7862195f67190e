/* The files that OPTIONS name, looked at before the bus library does. */
#ifndef TWOFOLD_CLIENT_LOGIN_FILES_H
#define TWOFOLD_CLIENT_LOGIN_FILES_H

#include "base/attr.h"

#include <twofold/client.h>

/* TWOFOLD_USAGE, and ERROR names the file: it cannot be read, or is a credentials file without
 * credentials. What else is wrong with a file is left to who parses it. */
enum twofold_status login_files_check(const struct twofold_client_options *options,
                                      struct twofold_error *error);

#endif

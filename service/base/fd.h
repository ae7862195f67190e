/* A file descriptor that is closed when it leaves scope. */
#ifndef TWOFOLD_BASE_FD_H
#define TWOFOLD_BASE_FD_H

#include "base/attr.h"

#include <unistd.h>

static inline void fd_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
/* auto_fd fd = open(...); -1 is fine. */
#define auto_fd CLEANUP(fd_close) int

#endif

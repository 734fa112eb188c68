/* Writing all of it: write(2) may take less than it was given. */
#pragma once

#include "base/base.h"

/* False when not all of it could be written; errno says why. */
bool write_whole(int fd, const void *bytes, size_t len);

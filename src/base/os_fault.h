/* Causes that the operating system names by number, in the words of whoever reads them. */
#pragma once

#include "base/base.h"

/* EADDRINUSE -> "Address already in use" or "地址已被占用". Chinese words exist for what a person can do something about; a
 * rare cause keeps the system's own. Static text, thread-safe. */
const char *os_fault(int err, bool in_chinese);
/* The disk, or the share of it that one may have, takes no more. */
bool is_disk_full(int err);

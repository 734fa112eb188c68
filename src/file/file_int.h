/* What the files of this floor share. */
#pragma once

#include "file/type.h"

/* An office document in a ZIP, without macros; NULL: another ZIP. */
const FileType *zip_type_of(const uint8_t *bytes, size_t len);

/* A text as a QR code. */
#pragma once

#include "base/base.h"

/* *ret_bits: size * size characters, row by row from the top left, '1' a dark module, without the quiet zone (4
 * modules all around are the drawer's); in ctx's memory. Error correction M. False: the text is too long for a code. */
NODISCARD bool square_make(TALLOC_CTX *ctx, const char *text, int *ret_size, char **ret_bits);

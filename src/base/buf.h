/* Buf: a growing byte buffer with a maximum. Sticky: after it overflows every append is ignored and buf_failed() is
 * true, so writers append many times and check once. The data is always NUL-terminated. */
#pragma once

#include "base/base.h"

typedef struct Buf {
	char *data;
	size_t len, cap, max;
	bool failed;
} Buf;

/* A buffer in ctx that may grow to max bytes. */
Buf *buf_new(TALLOC_CTX *ctx, size_t max);
void buf_append(Buf *b, const void *bytes, size_t len);
/* Room for size more bytes, to be written to directly; NULL when the buffer is, or now becomes, failed. buf_wrote says
 * where the written ones end. */
char *buf_room(Buf *b, size_t size);
void buf_wrote(Buf *b, const char *end);
void buf_puts(Buf *b, const char *text);
void buf_putc(Buf *b, char c);
void buf_printf(Buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_clear(Buf *b);
bool buf_failed(const Buf *b);

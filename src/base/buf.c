/* Growing bytes under a talloc context. Growth doubles; the maximum is part of the contract, so an overflow is a state
 * of the buffer and never an abort. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAP 256

Buf *buf_new(TALLOC_CTX *ctx, size_t max)
{
	Buf *b = talloc_zero(ctx, Buf);
	if (b == NULL)
		return NULL;
	b->max = max;
	b->cap = (max < FIRST_CAP ? max : FIRST_CAP - 1) + 1;
	b->data = talloc_size(b, b->cap);
	if (b->data == NULL) {
		talloc_free(b);
		return NULL;
	}
	b->data[0] = '\0';
	return b;
}

/* Makes room for more bytes and the terminator; false when the buffer is, or now becomes, failed. */
static bool buf_reserve(Buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more < b->cap - b->len)
		return true;
	if (more > b->max - b->len) {
		b->failed = true;
		return false;
	}
	size_t cap = b->cap;
	while (cap - b->len <= more)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	char *data = talloc_realloc_size(b, b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_append(Buf *b, const void *bytes, size_t len)
{
	if (len == 0 || !buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

char *buf_room(Buf *b, size_t size)
{
	return buf_reserve(b, size) ? b->data + b->len : NULL;
}

void buf_wrote(Buf *b, const char *end)
{
	b->len = (size_t)(end - b->data);
	b->data[b->len] = '\0';
}

void buf_puts(Buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_putc(Buf *b, char c)
{
	if (!buf_reserve(b, 1))
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void buf_printf(Buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0) {
		b->failed = true;
		return;
	}
	if (!buf_reserve(b, (size_t)need))
		return;
	va_start(args, format);
	(void)vsnprintf(b->data + b->len, (size_t)need + 1, format, args);
	va_end(args);
	b->len += (size_t)need;
}

void buf_clear(Buf *b)
{
	b->len = 0;
	b->failed = false;
	b->data[0] = '\0';
}

bool buf_failed(const Buf *b)
{
	return b->failed;
}

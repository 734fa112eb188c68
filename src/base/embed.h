/* A file carried inside the binary (packs, web application, tables). Made by tools/embed.py; a table ends with {0}. */
#pragma once

#include "base/base.h"

typedef struct {
	const char *name;           /* path relative to the embedded root, '/' between parts */
	const unsigned char *bytes; /* NUL-terminated after size */
	size_t size;
} EmbeddedFile;

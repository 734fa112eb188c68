/* What the files of this room share. */
#pragma once

#include "http/http.h"
#include "modules/lead/intake/take.h"

/* A code as it is at the moment somebody scans it. */
typedef struct {
	Id id;
	const char *code, *name, *expo, *contact, *source_key; /* expo and contact may be NULL */
	bool found, enabled, expired;
} QrCode;

/* The page for it, in the visitor's language. */
const char *qr_page(TALLOC_CTX *ctx, const QrCode *code, bool in_chinese);
/* Clear to read aloud and to type: no 0 O 1 l. */
#define QR_CODE_CHARS 8

/* From the raw body of a receipt to an enquiry: usual names in Chinese and English without a mapping, any JSON shape
 * with one. Pure: no database, no clock. */
#pragma once

#include "base/json.h"

/* What a visitor told us; NULL where nothing was said. Texts are trimmed. */
typedef struct Enquiry {
	const char *name, *phone, *email, *company, *province, *city, *district, *message, *code;
	const char *page, *referrer, *utm_source, *utm_medium, *utm_campaign;
	const char *device, *language, *screen, *dwell_ms, *pages_seen, *form_ms; /* context facts, as sent */
	const char *longitude, *latitude;
	const char *consent; /* as sent: "true", "0", "不同意" ... */
	const char *external_user; /* who it is on a platform */
	const char *qr;      /* code of the QR code that was scanned */
	const char *trap;    /* the field no person sees; filled: a machine */
	json_t *extra;       /* keys nobody knows, or NULL */
	const char *noise;   /* of a mail that no person wrote: a stable word */
	const char *fault;   /* a known field that holds a list or an object: its name */
} Enquiry;

/* Reads JSON, form pairs or a mail by content_type. mapping: {"phone": "data.contact.tel", ...} or NULL. False and a
 * stable word in *ret_reason ("bad_json", "bad_form", "not_an_object"); *ret_detail tells what of it, or is NULL. */
NODISCARD bool enquiry_read(TALLOC_CTX *ctx, const char *content_type, const char *body, size_t len,
                            const json_t *mapping, Enquiry *ret, const char **ret_reason, const char **ret_detail);
/* Moves e to ctx with all its texts in one piece: what waits in thousands should be small. */
void enquiry_move(TALLOC_CTX *ctx, Enquiry *e);
/* The field's own word ("phone") for a name as people write it, or NULL. */
const char *enquiry_field(TALLOC_CTX *ctx, const char *name);
/* A form body: said to be one, and not JSON under the wrong name (what `curl -d` sends). */
bool enquiry_is_form(const char *content_type, const char *body, size_t len);
/* Consent as a word of yes or no; absent counts as given. */
bool enquiry_consents(const Enquiry *e);
/* Whether anything was said that a person could act on. */
bool enquiry_is_empty(const Enquiry *e);
/* A value deep inside: "a.b[0].c", with or without "$." before; NULL when there is nothing. */
const json_t *json_path(const json_t *value, const char *path);

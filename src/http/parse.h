/* The HTTP/1.x request parser: bytes in, one request out. Strict where leniency lets requests be smuggled; knows no
 * sockets, so it can be fuzzed and tested alone. Feeding the same bytes in other pieces gives the same result. */
#pragma once

#include "base/base.h"
#include "base/limits.h"

/* Why a request was refused: one row of the table in refuse.c. */
typedef struct {
	int status;
	const char *code, *title, *detail_en, *detail_zh;
} HttpRefusal;

typedef enum {
	REFUSE_LINE,        /* request line is no "METHOD target HTTP/1.1" */
	REFUSE_METHOD,
	REFUSE_TARGET_SPACE,
	REFUSE_TARGET_BYTES,
	REFUSE_TARGET_FORM,
	REFUSE_TARGET_LONG,
	REFUSE_VERSION,
	REFUSE_BARE_LF,
	REFUSE_BARE_CR,
	REFUSE_FIELD,
	REFUSE_FIELD_SPACE,
	REFUSE_FIELD_FOLD,
	REFUSE_FIELD_VALUE,
	REFUSE_FIELDS_LONG,
	REFUSE_FIELDS_MANY,
	REFUSE_HOST,
	REFUSE_LENGTH,
	REFUSE_LENGTH_TWICE,
	REFUSE_LENGTH_AND_CODING,
	REFUSE_CODING,
	REFUSE_CODING_UNKNOWN,
	REFUSE_EXPECT,
	REFUSE_CHUNK,
	REFUSE_BODY_LARGE,
	REFUSE_TIMEOUT,
	REFUSE_CUT,         /* the connection ended in the middle */
	REFUSE_BUSY,
	REFUSE_KINDS
} HttpRefusalKind;

const HttpRefusal *http_refusal(HttpRefusalKind kind);

typedef enum { PARSE_MORE, PARSE_DONE, PARSE_REFUSED } HttpParseResult;

typedef enum {
	PHASE_REQUEST_LINE,
	PHASE_FIELDS,
	PHASE_BODY,
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK_DATA,
	PHASE_CHUNK_END,
	PHASE_TRAILERS,
	PHASE_END,
} HttpParsePhase;

typedef struct {
	uint32_t name, value; /* offsets in head, NUL-terminated there */
} HttpField;

typedef struct HttpParse {
	TALLOC_CTX *mem; /* owns head and body */
	HttpParsePhase phase;
	const HttpRefusal *refusal; /* set: refused, or (a faulty target) will be refused when the body is there */

	char *head; /* bytes of all lines; finished parts are NUL-terminated in place */
	uint32_t head_len, head_cap, line_at;
	uint32_t method, target; /* offsets in head; what is known of them after a refusal, else 0 (an empty text) */
	uint32_t blank_lines;
	uint32_t section_at; /* where the fields or trailers begin */

	char *body; /* NUL-terminated after body_len; NULL when there is none */
	size_t body_len, body_cap;
	uint64_t body_left; /* of the body, or of the current chunk */

	bool is_1_0, has_head, has_host, has_length, is_chunked, wants_close, wants_keep, expects_continue;
	int n_fields;
	HttpField field[LIMIT_HTTP_HEADER_COUNT];
} HttpParse;

/* Everything the request needs is taken from mem. */
void http_parse_init(HttpParse *p, TALLOC_CTX *mem);
/* Takes bytes up to the end of the request. PARSE_DONE and PARSE_REFUSED are final; bytes behind *ret_used belong to
 * the next request (after PARSE_REFUSED: to nobody). */
NODISCARD HttpParseResult http_parse_feed(HttpParse *p, const char *bytes, size_t len, size_t *ret_used);
/* True while the head is complete, the client waits for "100 Continue" and no byte of the body has come. */
bool http_parse_awaits_continue(const HttpParse *p);
/* True if the connection may serve another request after this one. */
bool http_parse_keeps_alive(const HttpParse *p);
/* Texts of the request, "" when unknown; target is as sent. */
const char *http_parse_method(const HttpParse *p);
const char *http_parse_target(const HttpParse *p);
/* First field of that name in any case, or NULL. */
const char *http_parse_field(const HttpParse *p, const char *name);

/* Content that is kept already (file/content.h) becomes a file of a lead, in the caller's transaction. */
#pragma once

#include "file/content.h"
#include "file/type.h"
#include "record/record.h"

typedef struct {
	Id id;       /* nil: one is made */
	Id activity; /* the touch it belongs to, or nil */
	const char *name, *media_type, *kind;
	const char *hash;
	int64_t bytes;
	int64_t at; /* when it came; 0: now */
} Attachment;

/* Fails the call with "too_many_files" beyond LIMIT_FILES_RECORD. Rights are the caller's matter. */
NODISCARD int attach_create(Call *c, const Record *lead, const Attachment *a, Record **ret);
/* 0 if the lead may have one more. */
NODISCARD int attach_allowed(Call *c, Id lead);

/* What a form brought with it, as its receipt keeps it: a JSON array. One kept file, or one that was left out and
 * why (reason: a word of intake/reason.h). */
void attach_note(JsonOut *o, const Attachment *a);
void attach_note_left_out(JsonOut *o, const char *name, int64_t bytes, const char *reason);
/* Attaches the kept ones of such an array; those that are too many stay on the receipt alone. */
NODISCARD int attach_noted(Call *c, Id lead, const char *notes, int64_t at);

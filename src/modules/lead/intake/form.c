/* A form with files becomes what every other delivery is, a body of names and texts; beside it the notes of its
 * files. */
#include "modules/lead/intake/form.h"

#include <string.h>

#include "base/limits.h"
#include "http/multipart.h"
#include "modules/lead/file/attach.h"

#define NOTES_MAX (64 * 1024)
#define LEFT_OUT_MAX 20 /* notes of what was left out */

/* ---- fields ---- */

/* A name that comes several times, as of checkboxes: its texts in one. */
static void field_put(TALLOC_CTX *ctx, json_t *root, const HttpPart *part)
{
	const char *before = json_text(root, part->name);
	if (!before)
		json_object_set_new(root, part->name, json_stringn(part->bytes, part->len));
	else
		json_object_set_new(root, part->name,
		                    json_string(talloc_asprintf(ctx, "%s, %.*s", before, (int)part->len, part->bytes)));
}

/* False: together they are larger than a delivery may be. */
static bool fields_keep(Delivery *d, const HttpParts *parts)
{
	size_t bytes = 0;
	TALLOC_CTX *tree = talloc_new(d);
	json_t *root = json_own(tree, json_object());
	for (size_t i = 0; i < parts->n; i++) {
		if (parts->part[i].file_name)
			continue;
		bytes += strlen(parts->part[i].name) + parts->part[i].len;
		if (bytes > LIMIT_CAPTURE_BODY)
			break;
		field_put(tree, root, &parts->part[i]);
	}
	Buf *text = buf_new(d, LIMIT_CAPTURE_BODY);
	JsonOut o = json_out(text);
	json_put_tree(&o, root);
	talloc_free(tree);
	if (bytes > LIMIT_CAPTURE_BODY || buf_failed(text))
		return false;
	d->receipt.body = text->data;
	d->receipt.body_len = text->len;
	return true;
}

/* ---- files ---- */

typedef struct {
	Delivery *d;
	JsonOut notes;
	int kept, left_out;
} Forming;

/* Why this file is not taken; NULL: it is. */
static const char *reason_against(const Forming *f, const HttpPart *part, const FileType *type)
{
	if (id_is_nil(f->d->receipt.source))
		return "no_source";
	if (part->len == 0)
		return "empty_file";
	if (!type)
		return "unwelcome_type";
	return f->kept >= LIMIT_FILES_DELIVERY ? "too_many_files" : NULL;
}

static int file_keep(Forming *f, const HttpPart *part)
{
	char hash[CONTENT_HASH_TEXT];
	const FileType *type = file_type_of(part->bytes, part->len, part->file_name);
	const char *name = file_name_clean(f->d, part->file_name, type);
	const char *reason = reason_against(f, part, type);
	if (reason) {
		if (f->left_out++ < LEFT_OUT_MAX)
			attach_note_left_out(&f->notes, name, (int64_t)part->len, reason);
		return 0;
	}
	int r = content_keep(f->d->intake->house->data_dir, part->bytes, part->len, hash);
	if (r < 0)
		return r;
	f->kept++;
	attach_note(&f->notes, &(Attachment){.name = name,
	                                     .media_type = type->media_type,
	                                     .kind = file_kind_name(type->kind),
	                                     .hash = hash,
	                                     .bytes = (int64_t)part->len});
	return 0;
}

/* An input of which nothing was chosen comes as an empty file without a name. */
static bool is_nothing(const HttpPart *part)
{
	return !part->file_name || (part->len == 0 && *part->file_name == '\0');
}

static int files_keep(Delivery *d, const HttpParts *parts)
{
	Buf *text = buf_new(d, NOTES_MAX);
	Forming f = {.d = d, .notes = json_out(text)};
	int r = 0;
	json_array_begin(&f.notes);
	for (size_t i = 0; r == 0 && i < parts->n; i++)
		if (!is_nothing(&parts->part[i]))
			r = file_keep(&f, &parts->part[i]);
	json_array_end(&f.notes);
	if (r == 0 && f.kept + f.left_out > 0)
		d->receipt.files = text->data;
	return r;
}

/* ---- the whole ---- */

/* What was found before counts more: the sender hears of the first fault. */
static void form_quarantine(Delivery *d, int err, const char *reason, const char *argument)
{
	delivery_keep_body(d, OVERSIZE_KEPT);
	if (d->receipt.state == RECEIPT_PENDING)
		delivery_quarantine(d, err, reason, argument);
}

int form_read(Delivery *d)
{
	size_t len;
	const char *fault = NULL, *body = http_body(d->request, &len);
	HttpParts *parts = http_multipart_parse(d, d->receipt.content_type, body, len, &fault);
	if (!parts) {
		bool is_size = strcmp(fault, MULTIPART_TOO_MANY) == 0;
		form_quarantine(d, is_size ? ERR_TOO_LARGE : ERR_INVALID, "bad_multipart", fault);
		return 0;
	}
	if (!fields_keep(d, parts)) {
		form_quarantine(d, ERR_TOO_LARGE, "too_large", NULL);
		return 0;
	}
	return files_keep(d, parts);
}

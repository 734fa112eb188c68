/* Rows of files, and the news of them: whoever looks at the lead sees a file come and go. */
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "modules/lead/file/file_int.h"
#include "modules/lead/guard.h"
#include "record/phase.h"

#define NEWS_MAX 4096

static int attach_count(Call *c, Id lead, int64_t *ret)
{
	return call_store_failed(c, db_int(c->tx, ret, "SELECT count(*) FROM file WHERE lead = $1 AND deleted_at IS NULL",
	                                   value_id(lead)));
}

int attach_allowed(Call *c, Id lead)
{
	int64_t n = 0;
	int r = attach_count(c, lead, &n);
	if (r < 0 || n < LIMIT_FILES_RECORD)
		return r;
	return call_fail(c, ERR_CONFLICT, "too_many_files", "This lead has %d files already; delete some first.",
	                 "该线索已有 %d 个附件，请先删除一些。", LIMIT_FILES_RECORD);
}

/* Of two that come at once the second counts the first. */
static int attach_alone(Call *c, Id lead)
{
	char text[ID_TEXT_SIZE];
	return call_store_failed(c, tx_lock(c->tx, talloc_asprintf(c, "files of %s", id_text(lead, text))));
}

int attach_create(Call *c, const Record *lead, const Attachment *a, Record **ret)
{
	int r = attach_alone(c, record_id(lead));
	if (r == 0)
		r = attach_allowed(c, record_id(lead));
	if (r < 0)
		return r;
	Record *file = record_new(c, meta_object_of(c, "file"));
	if (!id_is_nil(a->id))
		record_set(file, "id", value_id(a->id));
	if (a->at)
		record_set_time(file, "created_at", a->at);
	record_set_text(file, "name", a->name);
	record_set_ref(file, "lead", record_id(lead));
	record_set_ref(file, "activity", a->activity);
	record_set_text(file, "kind", a->kind);
	record_set_text(file, "media_type", a->media_type);
	record_set_int(file, "bytes", a->bytes);
	record_set_text(file, "sha256", a->hash);
	r = record_create(c, file, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r == 0)
		*ret = file;
	return r;
}

/* ---- notes on a receipt ---- */

void attach_note(JsonOut *o, const Attachment *a)
{
	json_object_begin(o);
	json_member_text(o, "name", a->name);
	json_member_int(o, "bytes", a->bytes);
	json_member_text(o, "kind", a->kind);
	json_member_text(o, "media_type", a->media_type);
	json_member_text(o, "sha256", a->hash);
	json_object_end(o);
}

void attach_note_left_out(JsonOut *o, const char *name, int64_t bytes, const char *reason)
{
	json_object_begin(o);
	json_member_text(o, "name", name);
	json_member_int(o, "bytes", bytes);
	json_member_text(o, "left_out", reason);
	json_object_end(o);
}

static int noted_attach(Call *c, const Record *lead, const json_t *note, int64_t at)
{
	Record *file;
	Attachment a = {
		.name = json_text(note, "name"),
		.media_type = json_text(note, "media_type"),
		.kind = json_text(note, "kind"),
		.hash = json_text(note, "sha256"),
		.bytes = json_int(note, "bytes", 0),
		.at = at,
	};
	return a.hash ? attach_create(c, lead, &a, &file) : 0; /* else it was left out */
}

int attach_noted(Call *c, Id id, const char *notes, int64_t at)
{
	JsonFault fault;
	Record *lead;
	size_t i;
	json_t *note, *all = json_parse(c, notes, strlen(notes), &fault);
	int64_t n = 0;
	int r = record_load_any(c, "lead", id, &lead);
	if (r == 0)
		r = attach_count(c, id, &n);
	json_array_foreach (all, i, note) {
		if (r < 0)
			return r;
		if (n++ >= LIMIT_FILES_RECORD) {
			log_warn("file", "a lead has %d files already; those of a form stay on its receipt", LIMIT_FILES_RECORD);
			return 0;
		}
		r = noted_attach(c, lead, note, at);
	}
	return r;
}

/* ---- hooks ---- */

/* A deleted file comes back as long as lead/sweep has left its content; from now on that stays. */
static int content_back(Call *c, const Record *file)
{
	int r = content_hold(c->house->data_dir, record_text(file, "sha256"));
	if (r != ERR_NOT_FOUND)
		return call_store_failed(c, r);
	return call_fail(c, ERR_CONFLICT, "content_gone",
	                 "The file \"%s\" cannot come back: its content was removed %d days after it was deleted. Upload "
	                 "it again if you still have it.",
	                 "附件“%s”无法恢复：删除 %d 天后内容已清理。如果手头还有原文件，请重新上传。",
	                 record_text(file, "name"), LIMIT_FILE_UNDO_DAYS);
}

static int before_file(Call *c, const PhaseInfo *info, void *arg)
{
	int r;
	Record *lead;
	(void)arg;
	if (info->kind == WRITE_RESTORE && (r = content_back(c, info->record)) < 0)
		return r;
	if (info->flags & RECORD_AS_HOUSE || info->kind == WRITE_CREATE)
		return 0;
	r = record_load_any(c, "lead", record_ref(info->record, "lead"), &lead);
	return r < 0 ? r : guard_lead(c, lead, "edit");
}

static const char *news_of(Call *c, const PhaseInfo *info)
{
	bool is_there = value_is_null(record_get(info->record, "deleted_at"));
	Buf *out = buf_new(c, NEWS_MAX);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "act", is_there ? "added" : "removed");
	json_member_id(&o, "file", record_id(info->record));
	json_member_text(&o, "name", record_text(info->record, "name"));
	json_member_text(&o, "kind", record_text(info->record, "kind"));
	json_object_end(&o);
	return out->data;
}

/* Told as news of the lead: who may see it, and who looks at it, is known there. */
static int after_file(Call *c, const PhaseInfo *info, void *arg)
{
	Record *lead;
	(void)arg;
	int r = record_load_any(c, "lead", record_ref(info->record, "lead"), &lead);
	if (r < 0)
		return r;
	EventRow event = {
		.kind = "lead.file",
		.object = "lead",
		.record = record_id(lead),
		.owner = record_ref(lead, "owner"),
		.team = record_ref(lead, "team"),
		.pool = record_ref(lead, "pool"),
		.data = news_of(c, info),
	};
	return record_event(c, &event);
}

void attach_watch(House *house)
{
	phase_add(house->phases, PHASE_BEFORE, "file", before_file, NULL);
	phase_add(house->phases, PHASE_AFTER, "file", after_file, NULL);
}

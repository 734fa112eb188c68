/* What administrators see and do: the list of backups, one now, the settings, and the findings of doctor and verify. */
#include "modules/care/care_int.h"

#include <string.h>
#include <unistd.h>

#include "call/when.h"
#include "event/outside.h"
#include "modules/care/doctor.h"
#include "modules/care/tree.h"

/* ---- the list ---- */

typedef struct {
	CareSettings settings;
	int64_t next_ms;
} Plan;

static int plan_load(Call *c, void *arg)
{
	Plan *plan = arg;
	int r = care_settings_load(c, &plan->settings);
	return r < 0 ? r : care_next(c, &plan->settings, &plan->next_ms);
}

static void member_when(JsonOut *o, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(o, key, ms ? when_text(ms, text) : NULL);
}

static void write_settings(Call *c, const Plan *plan)
{
	JsonOut *o = &c->json;
	json_key(o, "settings");
	json_object_begin(o);
	json_member_bool(o, "on", plan->settings.on);
	json_member_int(o, "hour", plan->settings.hour);
	json_member_int(o, "daily", plan->settings.daily);
	json_member_int(o, "weekly", plan->settings.weekly);
	json_member_text(o, "folder", plan->settings.folder);
	json_member_bool(o, "without_key", plan->settings.without_key);
	json_object_end(o);
	json_member_text(o, "folder", care_folder(c, c->house, &plan->settings));
	member_when(o, "next_at", plan->next_ms);
}

static void write_state(Call *c)
{
	static const char *const phases[] = {NULL, "copying", "checking"};
	JsonOut *o = &c->json;
	CareState s = care_state(c->house->care, c);
	json_key(o, "running");
	if (s.phase == CARE_IDLE)
		json_put_null(o);
	else {
		json_object_begin(o);
		json_member_text(o, "phase", phases[s.phase]);
		json_member_int(o, "done", s.done);
		json_member_int(o, "total", s.total);
		json_object_end(o);
	}
	json_key(o, "last");
	if (s.last_ms == 0) {
		json_put_null(o);
		return;
	}
	json_object_begin(o);
	member_when(o, "at", s.last_ms);
	json_member_bool(o, "good", s.last_good);
	json_member_text(o, "detail", s.last_good ? NULL : said_in(&s.last, c->lang));
	json_object_end(o);
}

static void write_backup(Call *c, const Backup *b)
{
	static const char *const kinds[] = {"manual", "scheduled", "upgrade"};
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_member_text(o, "id", b->name);
	json_member_text(o, "name", b->name);
	member_when(o, "made_at", b->made_ms);
	json_member_text(o, "kind", kinds[b->kind]);
	json_member_text(o, "engine", b->engine);
	json_member_int(o, "bytes", b->bytes);
	json_member_int(o, "rows", b->rows);
	json_member_bool(o, "without_key", b->without_key);
	json_member_text(o, "check", b->checked_ms == 0 ? "none" : b->check_good ? "good" : "bad");
	member_when(o, "checked_at", b->checked_ms);
	json_member_text(o, "detail", c->lang == LANG_EN ? b->check_en : b->check_zh);
	json_object_end(o);
}

static int backups_show(Call *c)
{
	Plan plan;
	Backup *list;
	size_t n;
	int r = call_read_wait(c, plan_load, &plan);
	if (r < 0)
		return r;
	backup_list(c, care_folder(c, c->house, &plan.settings), &list, &n);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (size_t i = 0; i < n; i++)
		write_backup(c, &list[i]);
	json_array_end(&c->json);
	write_state(c);
	write_settings(c, &plan);
	json_object_end(&c->json);
	return 0;
}

static int backup_now(Call *c)
{
	Plan plan;
	int r = call_read_wait(c, plan_load, &plan);
	if (r < 0)
		return r;
	if (!care_begin(c->house->care, BACKUP_MANUAL, care_folder(c, c->house, &plan.settings), &plan.settings))
		return call_fail(c, ERR_CONFLICT, "backup_running", "A backup is being made already. Wait until it is done.",
				 "已有一个备份正在进行，请等它完成。");
	c->status = 202;
	json_object_begin(&c->json);
	write_state(c);
	json_object_end(&c->json);
	return 0;
}

/* ---- settings ---- */

static int settings_keep(Call *c, void *arg)
{
	return care_settings_store(c, arg);
}

static int folder_check(Call *c, const char *folder)
{
	if (!*folder)
		return 0;
	if (folder[0] != '/' || strlen(folder) > CARE_FOLDER_MAX)
		return call_fault(c, "folder", "not_absolute", "Write the whole path, beginning with /.",
				  "请填写以 / 开头的完整路径。");
	if (backup_place_is_bad(&(HousePlace){.data_dir = c->house->data_dir}, folder))
		return call_fault(c, "folder", "in_files", "This folder lies among the files of leads; name another one.",
				  "这个文件夹在线索附件之中，请换一个。");
	if (!folder_make(folder) || access(folder, W_OK | X_OK) < 0)
		return call_fault(c, "folder", "not_writable", "The server cannot write to this folder.",
				  "服务器无法写入这个文件夹。");
	return 0;
}

static int settings_set(Call *c)
{
	Plan plan;
	int r = call_read_wait(c, plan_load, &plan);
	if (r < 0)
		return r;
	CareSettings s = plan.settings;
	s.on = call_flag(c, "on", s.on);
	s.hour = (int)call_int(c, "hour", s.hour);
	s.daily = (int)call_int(c, "daily", s.daily);
	s.weekly = (int)call_int(c, "weekly", s.weekly);
	s.without_key = call_flag(c, "without_key", s.without_key);
	s.folder = call_text(c, "folder") ? call_text(c, "folder") : talloc_strdup(c, s.folder);
	if ((r = folder_check(c, s.folder)) < 0 || (r = call_write_wait(c, settings_keep, &s)) < 0)
		return r;
	return backups_show(c);
}

/* ---- health ---- */

static void write_findings(Call *c, const char *key, const Finding *findings, size_t n)
{
	JsonOut *o = &c->json;
	json_key(o, key);
	json_array_begin(o);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(o);
		json_member_text(o, "check", findings[i].check);
		json_member_bool(o, "serious", findings[i].serious);
		json_member_bool(o, "note", findings[i].note);
		json_member_int(o, "count", findings[i].count);
		json_member_text(o, "detail", said_in(&findings[i].said, c->lang));
		json_object_end(o);
	}
	json_array_end(o);
}

static int health(Call *c)
{
	Finding *seen = NULL, *found = NULL;
	size_t n_seen = 0, n_found = 0;
	Said said = {0};
	const OutsideKind *channels = outside_kind(c->house, "channel");
	DoctorConfig doctor = {.house = {.data_dir = c->house->data_dir, .database = c->house->database},
			       .public_url = c->house->public_url, .now_ms = c->now_ms,
			       .channel_said = channels ? channels->said : NULL};
	VerifyConfig config = {.tables = house_inspection(c, &doctor.house), .data_dir = c->house->data_dir,
			       .now_ms = c->now_ms};
	doctor_run(c, &doctor, &seen, &n_seen);
	int r = verify_run(c, &config, &found, &n_found, &said);
	if (r < 0)
		return call_fail(c, r, "verify_failed", "%s", "%s", said_in(&said, c->lang));
	json_object_begin(&c->json);
	write_findings(c, "doctor", seen, n_seen);
	write_findings(c, "verify", found, n_found);
	json_object_end(&c->json);
	return 0;
}

static const Param settings_params[] = {
	{"on", PARAM_BOOL, .help = "Whether backups are made by themselves"},
	{"hour", PARAM_INT, .min = 0, .max = 23, .help = "Hour of the day in the company's time zone"},
	{"daily", PARAM_INT, .min = 1, .max = CARE_DAILY_MAX, .help = "Newest days of which one is kept"},
	{"weekly", PARAM_INT, .min = 0, .max = CARE_WEEKLY_MAX, .help = "Newest weeks of which one is kept"},
	{"folder", PARAM_TEXT, .max = CARE_FOLDER_MAX,
	 .help = "Absolute path on the server; empty: backups/ in the data folder"},
	{"without_key", PARAM_BOOL, .help = "Leave the key of the secrets out of backups"},
	{0},
};

const Endpoint care_endpoints[] = {
	{"GET", "/care/backups", "system.manage", CALL_WORKER, NULL, backups_show,
	 "Backups, the one under way, and the schedule"},
	{"POST", "/care/backups", "system.manage", CALL_WORKER, NULL, backup_now, "Make a backup now"},
	{"PUT", "/care/settings", "system.manage", CALL_WORKER, settings_params, settings_set,
	 "When backups are made and how many are kept"},
	{"GET", "/care/health", "system.manage", CALL_WORKER, NULL, health, "What doctor and verify find"},
	{0},
};

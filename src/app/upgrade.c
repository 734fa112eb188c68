/* Two small files in the folder tell where an upgrade stands: `upgrading` names the backup to go back to while
 * migrations run, `upgrade-failed` keeps the reason, so that a service that starts again and again does not try, and
 * back up, for ever. */
#include "app/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/advice.h"
#include "base/clock.h"
#include "base/log.h"
#include "modules/care/backup.h"
#include "modules/care/tree.h"

#define RUNNING_MARK "upgrading"
#define FAILED_MARK "upgrade-failed"
#define MARK_BYTES_MAX (16 * 1024)
#define PART_CHARS_MAX 60

typedef struct {
	const UpgradePlan *plan;
	int applied[UPGRADE_PARTS_MAX];
	char unknown[PART_CHARS_MAX + 1]; /* a part of the data that this program does not have; "": there is none */
	bool has_data;
} Standing;

static char *mark_path(TALLOC_CTX *ctx, const Options *o, const char *name)
{
	return talloc_asprintf(ctx, "%s/%s", o->data_dir, name);
}

static HousePlace place_of(const Options *o)
{
	return (HousePlace){.data_dir = o->data_dir, .database = o->database};
}

/* ---- is there something to do ---- */

static bool applied_row(void *arg, const char *const *cells, int n)
{
	Standing *s = arg;
	bool known = !cells[0] || !cells[1];
	(void)n;
	s->has_data = true;
	int number = known ? 0 : (int)strtol(cells[1], NULL, 10);
	for (size_t i = 0; number > 0 && i < s->plan->n; i++) /* an engine and its module share a name */
		if (strcmp(cells[0], s->plan->part[i].part) == 0) {
			known = true;
			s->applied[i] = number > s->applied[i] ? number : s->applied[i];
		}
	if (!known)
		snprintf(s->unknown, sizeof s->unknown, "%s", cells[0]);
	return true;
}

/* Steps that the program knows of a part. */
static int known_of(const UpgradePlan *plan, size_t part)
{
	int known = 0;
	while (plan->part[part].steps[known])
		known++;
	return known;
}

static bool is_pending(const Standing *s)
{
	bool pending = false;
	for (size_t i = 0; i < s->plan->n; i++)
		pending |= known_of(s->plan, i) > s->applied[i];
	return s->has_data && pending;
}

/* No program gives up a part: one that is not known came later, as did a step that is not known. Then *ret says it of
 * what is named. */
static bool is_newer(TALLOC_CTX *ctx, const Standing *s, Said what, Said *ret)
{
	for (size_t i = 0; i < s->plan->n; i++)
		if (s->applied[i] > known_of(s->plan, i)) {
			ret->en = talloc_asprintf(ctx, "%s by a newer version of this program (part %s: step %d, this program "
				"knows %d). Start the newer version.", what.en, s->plan->part[i].part, s->applied[i],
				known_of(s->plan, i));
			ret->zh = talloc_asprintf(ctx, "%s由更新版本的程序使用过（%s：第 %d 步，本程序只到 %d）。请使用新版本的程序。",
				what.zh, s->plan->part[i].part, s->applied[i], known_of(s->plan, i));
			return true;
		}
	if (!s->unknown[0])
		return false;
	ret->en = talloc_asprintf(ctx, "%s by a newer version of this program (this one has no part %s). Start the newer "
		"version.", what.en, s->unknown);
	ret->zh = talloc_asprintf(ctx, "%s由更新版本的程序使用过（本程序没有 %s 这一部分）。请使用新版本的程序。", what.zh,
		s->unknown);
	return true;
}

static Said the_data(void)
{
	return (Said){.en = "The data was used", .zh = "数据"};
}

bool upgrade_refuses(TALLOC_CTX *ctx, const char *backup, const UpgradePlan *plan, Said *said)
{
	Standing standing = {.plan = plan};
	Said what = {.en = talloc_asprintf(ctx, "Nothing was restored: the data in the backup %s was used", backup),
		.zh = talloc_asprintf(ctx, "没有恢复：备份 %s 里的数据", backup)};
	return backup_steps(ctx, backup, applied_row, &standing) == 0 && is_newer(ctx, &standing, what, said);
}

/* False: it cannot be seen. */
static bool standing_read(TALLOC_CTX *ctx, const Options *o, Standing *ret, char **ret_error)
{
	static const char sql[] = "SELECT part, max(number) FROM migration GROUP BY part";
	HousePlace house = place_of(o);
	InspectConfig config = house_inspection(ctx, &house);
	bool tables = false;
	if (o->database && postgres_has_tables(ctx, o->database, BACKUP_SCHEMA, &tables, ret_error) < 0)
		return false;
	if (o->database ? !tables : !file_exists(config.records))
		return true;
	if (!file_exists(config.receipts))
		config.receipts = NULL;
	Inspection *i = inspect_open(ctx, &config, ret_error);
	if (!i)
		return false;
	int r = inspect_rows(i, sql, applied_row, ret);
	if (r == 0 && !o->database && config.receipts)
		r = inspect_rows(i, "SELECT part, max(number) FROM receipts.migration GROUP BY part", applied_row, ret);
	inspect_close(i);
	ret->has_data &= r == 0; /* without the table nothing was ever kept there: opening it tells what is wrong */
	return true;
}

/* 1: migrations are pending on data; 0: not; below 0: it cannot be seen, or is of a newer program. */
static int look(TALLOC_CTX *ctx, const Options *o, const UpgradePlan *plan, char **ret_error)
{
	Standing standing = {.plan = plan};
	Said newer = {0};
	char *why = NULL;
	if (!standing_read(ctx, o, &standing, &why)) {
		*ret_error = advice_database(ctx, o, why);
		return ERR_STORE;
	}
	if (!is_newer(ctx, &standing, the_data(), &newer))
		return is_pending(&standing);
	*ret_error = talloc_strdup(ctx, said_in(&newer, o->lang));
	return ERR_CONFLICT;
}

bool upgrade_outlook(TALLOC_CTX *ctx, const Options *o, const UpgradePlan *plan, Finding *ret)
{
	char *error = NULL, *reason = file_read(ctx, mark_path(ctx, o, FAILED_MARK), MARK_BYTES_MAX);
	Standing standing = {.plan = plan};
	*ret = (Finding){.check = "version", .count = 1};
	if (!standing_read(ctx, o, &standing, &error) || !standing.has_data)
		return false;
	ret->serious = is_newer(ctx, &standing, the_data(), &ret->said);
	if (ret->serious || !is_pending(&standing))
		return ret->serious;
	ret->serious = reason != NULL;
	ret->note = !reason;
	if (reason)
		said_set(ctx, &ret->said, 0, "The upgrade failed before and is not tried again: %s",
			"升级曾经失败，不会再试：%s", reason);
	else
		said_set(ctx, &ret->said, 0, "The tables are older than this program: the next start makes a backup, then "
			"brings them up to date", "数据表比本程序旧：下次启动时会先备份，再升级");
	return true;
}

/* ---- before ---- */

static bool put_back(TALLOC_CTX *ctx, const Options *o, char **ret_outcome)
{
	char *running = mark_path(ctx, o, RUNNING_MARK), *aside = NULL;
	char *backup = file_read(ctx, running, MARK_BYTES_MAX);
	Said said = {0};
	HousePlace house = place_of(o);
	if (!backup)
		return false;
	int r = backup_restore(ctx, backup, &house, true, true, clock_real_ms(), &aside, &said);
	if (r == 0)
		(void)unlink(running);
	*ret_outcome = r == 0
		? talloc_asprintf(ctx, "Everything was put back as it was before. What the failed upgrade left is in %s. Start"
				  " the version you had before, or, to try again, remove %s. 升级失败，数据已恢复到升级前，可用旧版本启动。",
				  aside ? aside : o->data_dir, mark_path(ctx, o, FAILED_MARK))
		: talloc_asprintf(ctx, "It could not be put back (%s). Run: tenon restore --from %s --data %s --force"
				  " 自动恢复失败，请执行上面的命令。", said_in(&said, LANG_EN), backup, o->data_dir);
	return true;
}

static bool back_up(TALLOC_CTX *ctx, const Options *o, char **ret_error)
{
	Said said = {0};
	Backup made;
	CopyWatch watch = {0};
	HousePlace house = place_of(o);
	char *folder = talloc_asprintf(ctx, "%s/backups", o->data_dir);
	BackupOrder order = {.to = folder, .kind = BACKUP_UPGRADE, .now_ms = clock_real_ms()};
	int r = backup_make(ctx, &house, &order, &watch, &made, &said);
	if (r == 0 && !file_write(mark_path(ctx, o, RUNNING_MARK), made.path))
		r = said_set(ctx, &said, ERR_STORE, "%s cannot be written.", "无法写入 %s。", o->data_dir);
	if (r == 0) {
		log_info("upgrade", "the tables are older than this program: a backup was made in %s", made.path);
		return true;
	}
	*ret_error = talloc_asprintf(ctx, "The data must be upgraded, and the backup before it failed, so nothing was"
				     " touched. %s %s", said_in(&said, LANG_EN), said_in(&said, LANG_ZH));
	return false;
}

bool upgrade_begin(TALLOC_CTX *ctx, const Options *o, const UpgradePlan *plan, char **ret_error)
{
	char *outcome = NULL, *failed = mark_path(ctx, o, FAILED_MARK);
	if (put_back(ctx, o, &outcome)) {
		*ret_error = talloc_asprintf(ctx, "An upgrade was interrupted. %s", outcome);
		(void)!file_write(failed, *ret_error);
		return false;
	}
	int pending = look(ctx, o, plan, ret_error);
	if (pending < 0)
		return false;
	if (!pending) {
		(void)unlink(failed); /* of another version: this one needs no upgrade */
		return true;
	}
	char *reason = file_read(ctx, failed, MARK_BYTES_MAX);
	if (!reason)
		return back_up(ctx, o, ret_error);
	*ret_error = talloc_asprintf(ctx, "The upgrade failed before and is not tried again: %s", reason);
	return false;
}

/* ---- after ---- */

void upgrade_done(const Options *o)
{
	char *running = mark_path(NULL, o, RUNNING_MARK);
	(void)unlink(running);
	talloc_free(running);
}

void upgrade_failed(TALLOC_CTX *ctx, const Options *o, char **ret_error)
{
	char *outcome = NULL;
	if (!put_back(ctx, o, &outcome))
		return;
	*ret_error = talloc_asprintf(ctx, "The upgrade failed: %s %s", *ret_error ? *ret_error : "", outcome);
	(void)!file_write(mark_path(ctx, o, FAILED_MARK), *ret_error);
}

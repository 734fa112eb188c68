/* Two small files in the folder tell where an upgrade stands: `upgrading` names the backup to go back to while
 * migrations run, `upgrade-failed` keeps the reason, so that a service that starts again and again does not try, and
 * back up, for ever. */
#include "app/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "modules/care/backup.h"
#include "modules/care/tree.h"

#define RUNNING_MARK "upgrading"
#define FAILED_MARK "upgrade-failed"
#define MARK_BYTES_MAX (16 * 1024)

typedef struct {
	const UpgradePlan *plan;
	int known[UPGRADE_PARTS_MAX]; /* steps of the program */
	int applied[UPGRADE_PARTS_MAX];
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
	(void)n;
	s->has_data = true;
	for (size_t i = 0; i < s->plan->n; i++)
		if (cells[0] && cells[1] && strcmp(cells[0], s->plan->part[i].part) == 0)
			s->applied[i] = (int)strtol(cells[1], NULL, 10);
	return true;
}

static bool is_pending(const Standing *s)
{
	bool pending = false;
	for (size_t i = 0; i < s->plan->n; i++) {
		int known = 0;
		while (s->plan->part[i].steps[known])
			known++;
		pending |= known > s->applied[i];
	}
	return s->has_data && pending;
}

/* 1: migrations are pending on data; 0: not; below 0: it cannot be seen. */
static int look(TALLOC_CTX *ctx, const Options *o, const UpgradePlan *plan, char **ret_error)
{
	static const char sql[] = "SELECT part, max(number) FROM migration GROUP BY part";
	HousePlace house = place_of(o);
	InspectConfig config = house_inspection(ctx, &house);
	Standing standing = {.plan = plan};
	bool tables = false;
	if (o->database && postgres_has_tables(ctx, o->database, BACKUP_SCHEMA, &tables, ret_error) < 0)
		return ERR_STORE;
	if (o->database ? !tables : !file_exists(config.records))
		return 0;
	if (!file_exists(config.receipts))
		config.receipts = NULL;
	Inspection *i = inspect_open(ctx, &config, ret_error);
	if (!i)
		return ERR_STORE;
	int r = inspect_rows(i, sql, applied_row, &standing);
	if (r == 0 && !o->database && config.receipts)
		r = inspect_rows(i, "SELECT part, max(number) FROM receipts.migration GROUP BY part", applied_row, &standing);
	inspect_close(i);
	/* Without the table nothing was ever kept there: opening it tells what is wrong, if something is. */
	return r < 0 ? 0 : is_pending(&standing);
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

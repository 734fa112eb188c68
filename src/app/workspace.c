/* Opening a workspace: lock, store, engines' tables, catalogue, modules' tables, services, modules. */
#include "app/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/clock_file.h"
#include "app/advice.h"
#include "app/clock_mark.h"
#include "app/first.h"
#include "app/upgrade.h"
#include "base/keyring.h"
#include "call/gate.h"
#include "call/module.h"
#include "call/secret.h"
#include "event/alert.h"
#include "event/follow.h"
#include "event/hub.h"
#include "event/timer.h"
#include "match/match.h"
#include "meta/meta.h"
#include "modules/care/backup.h"
#include "modules/lead/intake/receipt.h"
#include "net/client.h"
#include "record/phase.h"
#include "store/opening.h"
#include "store/store.h"

#define MODULE(name) extern const Module name##_module;
#include "app/modules.def"
#undef MODULE

static const Module *const modules[] = {
#define MODULE(name) &name##_module,
#include "app/modules.def"
#undef MODULE
	NULL,
};

/* Tables of the engines. */
static const Migration engines[] = {
	{"gate", gate_migrations},   {"secret", secret_migrations}, {"record", record_migrations},
	{"timer", timer_migrations}, {"alert", alert_migrations},   {"follow", follow_migrations},
};

/* Two servers on one folder would both be the only writer: the second is refused. */
static bool folder_take(Workspace *w, const Options *o, char **ret_error)
{
	const char *dir = o->data_dir;
	if (mkdir(dir, 0750) < 0 && errno != EEXIST) {
		*ret_error = advice_refusal(w, o, "The data folder %s cannot be made: %s. Make the folder above it, or name "
			"another one with --data.", "数据文件夹 %s 无法建立：%s。请先建好上级文件夹，或用 --data 换一个。", dir, advice_cause(o, errno));
		return false;
	}
	char *path = talloc_asprintf(w, "%s/tenon.lock", dir);
	w->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (w->lock < 0) {
		*ret_error = advice_refusal(w, o, "The data folder %s cannot be written: %s. Check its owner and rights, and "
			"that the disk is not mounted read-only.",
			"数据文件夹 %s 无法写入：%s。请检查所有者和权限，以及磁盘是否以只读方式挂载。",
			dir, advice_cause(o, errno));
		return false;
	}
	if (flock(w->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	*ret_error = advice_refusal(w, o,
		"Another tenon is running on %s. Stop it first, or name another folder with --data.",
		"%s 上有 tenon 正在运行。请先停止它，或用 --data 换一个文件夹。", dir);
	return false;
}

static bool store_take(Workspace *w, const Options *o, char **ret_error)
{
	StoreConfig config = {
		.path = talloc_asprintf(w, "%s/tenon.db", o->data_dir),
		.database = o->database,
		.schema = "tenon",
		.full_sync = true,
	};
	char *why = NULL;
	w->house.store = store_open(w, &config, &why);
	if (!w->house.store)
		*ret_error = advice_database(w, o, why);
	return w->house.store != NULL;
}

/* How a failed upgrade ends must be tested: a server with a test clock can be told to fail in its last step. */
static bool upgrade_fault(const Options *o, Migration ret[2])
{
	static const char *const good[] = {"CREATE TABLE upgrade_probe (id {ID} PRIMARY KEY)", NULL};
	static const char *const bad[] = {"CREATE TABLE upgrade_fault (id {ID} PRIMARY KEY); SELECT no_such_column", NULL};
	ret[0] = (Migration){"upgrade_probe", good};
	ret[1] = (Migration){"upgrade_fault", bad};
	return o->test_clock && getenv("TENON_TEST_FAIL_UPGRADE") != NULL;
}

UpgradePlan workspace_plan(const Options *o)
{
	UpgradePlan plan = {.n = 0};
	Migration faults[2];
	plan.part[plan.n++] = (Migration){RECEIPT_PART, receipt_migrations};
	if (o->database)
		plan.part[plan.n++] = (Migration){RECEIPT_SHARED_PART, receipt_shared_migrations};
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		plan.part[plan.n++] = engines[i];
	for (const Module *const *m = modules; *m; m++)
		if ((*m)->migrations && plan.n < UPGRADE_PARTS_MAX - ARRAY_LEN(faults))
			plan.part[plan.n++] = (Migration){(*m)->name, (*m)->migrations};
	for (size_t i = 0; upgrade_fault(o, faults) && i < ARRAY_LEN(faults); i++)
		plan.part[plan.n++] = faults[i];
	return plan;
}

/* Tables of the engines come before the catalogue's, those of the modules after it: they may refer to objects. */
static bool tables_make(Workspace *w, const Options *o, char **ret_error)
{
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (store_migrate(w->house.store, &engines[i], 1, ret_error) < 0)
			return false;
	w->house.meta = meta_open(w, w->house.store, ret_error);
	for (const Module *const *m = modules; w->house.meta && *m; m++) {
		Migration step = {(*m)->name, (*m)->migrations};
		if ((*m)->migrations && store_migrate(w->house.store, &step, 1, ret_error) < 0)
			return false;
	}
	Migration faults[2];
	if (w->house.meta && upgrade_fault(o, faults))
		return store_migrate(w->house.store, faults, ARRAY_LEN(faults), ret_error) == 0;
	return w->house.meta != NULL;
}

static bool modules_start(Workspace *w, char **ret_error)
{
	for (const Module *const *m = modules; *m; m++) {
		if (!(*m)->start || (*m)->start(&w->house) == 0)
			continue;
		*ret_error = talloc_asprintf(w, "The part \"%s\" could not start; the log above says why.", (*m)->name);
		return false;
	}
	return true;
}

/* Before anything is written: a key that cannot be read is no reason to take back an upgrade. */
static bool key_take(Workspace *w, const Options *o, char **ret_error)
{
	char *why = NULL;
	w->house.keyring = keyring_open(w, o->data_dir, &why);
	if (!w->house.keyring)
		*ret_error = o->lang == LANG_ZH ? advice_refusal(w, o, NULL, "密钥文件 %s/secret.key 无法读取。请从备份恢复它；如果没有备份，"
			"请把它移走，再重新填写各处的密钥。", o->data_dir) : why;
	return w->house.keyring != NULL;
}

static bool house_furnish(Workspace *w, const Options *o, char **ret_error)
{
	w->house.clock = &w->clock;
	w->house.modules = modules;
	w->house.data_dir = o->data_dir;
	w->house.database = o->database;
	w->house.public_url = o->public_url;
	w->house.test_clock = o->test_clock;
	w->house.net = net_start(w);
	w->house.gate = gate_new(w, &w->house);
	w->house.phases = phases_new(w);
	w->house.match = match_new(w);
	if (follow_open(w, &w->house) < 0) {
		*ret_error = talloc_strdup(w, "The table of processes could not be read; the log above says why.");
		return false;
	}
	return first_people(&w->house, o->admin_password_file, ret_error) && modules_start(w, ret_error);
}

/* A new file in the place of a lost one would hide that what came in is gone. */
static bool receipts_are_there(Workspace *w, const Options *o, char **ret_error)
{
	Said said = {0};
	HousePlace place = {.data_dir = o->data_dir, .database = o->database};
	if (!house_lacks_receipts(w, &place, &said))
		return true;
	*ret_error = talloc_asprintf(w, "%s %s", said_in(&said, LANG_EN), said_in(&said, LANG_ZH));
	return false;
}

Workspace *workspace_open(TALLOC_CTX *ctx, const Options *o, char **ret_error)
{
	Workspace *w = talloc_zero(ctx, Workspace);
	w->lock = -1;
	if (!folder_take(w, o, ret_error))
		return NULL;
	if (backup_restore_is_open(o->data_dir)) {
		*ret_error = advice_refusal(w, o, "A restore into %s was begun and not finished. Run tenon restore again, with"
			" --force; what was there before is in %s/before-restore-*.",
			"%s 的恢复没有完成。请加 --force 重新执行 tenon restore；原有数据在 %s/before-restore-* 里。", o->data_dir,
			o->data_dir);
		return NULL;
	}
	if (o->test_clock && !clock_file_open(w, &w->clock, o->data_dir, ret_error))
		return NULL;
	clock_mark_load(&w->clock, o->data_dir);
	UpgradePlan plan = workspace_plan(o);
	if (!receipts_are_there(w, o, ret_error) || !key_take(w, o, ret_error) || !upgrade_begin(w, o, &plan, ret_error) ||
	    !store_take(w, o, ret_error))
		return NULL;
	Opening *opening = opening_begin(w, w->house.store);
	if (!tables_make(w, o, ret_error)) {
		opening_end(opening);
		char *why = talloc_strdup(w, *ret_error); /* it lives with the store */
		store_close(w->house.store);
		*ret_error = why;
		upgrade_failed(w, o, ret_error);
		return NULL;
	}
	/* Modules that have started cannot be taken apart here: what they leave is put back at the next start. */
	bool ready = house_furnish(w, o, ret_error);
	opening_end(opening);
	if (!ready)
		return NULL;
	upgrade_done(o);
	return w;
}

void workspace_start(Workspace *w)
{
	w->house.hub = hub_start(w, &w->house);
	(void)timers_start(w, &w->house);
	for (const Module *const *m = modules; *m; m++)
		if ((*m)->run)
			(*m)->run(&w->house);
	follow_start(&w->house);
}

void workspace_close(Workspace *w)
{
	if (w->house.timers)
		timers_stop(w->house.timers);
	follow_rest(&w->house);
	if (w->house.hub)
		hub_stop(w->house.hub);
	for (size_t i = ARRAY_LEN(modules) - 1; i-- > 0;) /* who started last stands on the others */
		if (modules[i]->stop)
			modules[i]->stop(&w->house);
	if (w->house.net)
		net_stop(w->house.net);
	follow_stop(&w->house);
	store_close(w->house.store);
	close(w->lock);
	talloc_free(w);
}

/* backup, restore, verify and doctor on the command line. */
#include "app/care.h"

#include <stdio.h>

#include "api/clock_file.h"
#include "app/workspace.h"
#include "base/clock.h"
#include "modules/care/backup.h"
#include "modules/care/doctor.h"
#include "modules/care/tree.h"
#include "modules/care/verify.h"
#include "modules/channel/kind.h"

static int complain(const Said *said, Lang lang)
{
	fprintf(stderr, "tenon: %s\n", said_in(said, lang));
	return 1;
}

/* What failed was looking at a house that is there. */
static int complain_of_house(const Said *said, const Options *o)
{
	complain(said, o->lang);
	fprintf(stderr, o->lang == LANG_ZH ? "运行 tenon doctor --data %s 可以查看问题和处理办法。\n"
					   : "tenon doctor --data %s tells what is wrong, and what to do.\n", o->data_dir);
	return 1;
}

static HousePlace place_of(const Options *o)
{
	return (HousePlace){.data_dir = o->data_dir, .database = o->database};
}

int care_backup(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Said said = {0};
	Backup made;
	CopyWatch watch = {.bytes_per_second = BACKUP_PACE};
	HousePlace house = place_of(o);
	BackupOrder order = {.to = o->to, .kind = BACKUP_MANUAL, .without_key = o->without_key,
			     .now_ms = clock_real_ms()};
	int r = backup_make(ctx, &house, &order, &watch, &made, &said);
	if (r == 0) {
		printf(o->lang == LANG_ZH ? "备份：%s（%lld 行，%lld 字节）\n" : "Backup: %s (%lld rows, %lld bytes)\n", made.path,
		       (long long)made.rows, (long long)made.bytes);
		r = backup_check(ctx, made.path, clock_real_ms(), &watch, &said);
	}
	if (r == 0)
		puts(o->lang == LANG_ZH ? "副本已检查，完好。" : "The copy was checked and is good.");
	if (r == 0 && made.without_key)
		puts(o->lang == LANG_ZH ? "备份中没有 secret.key。请把它单独保存好，恢复时需要它；没有它就要重新填写各处的密钥。"
					: "It has no secret.key. Keep that file somewhere else: a restore needs it, or the "
					  "secrets have to be entered again.");
	int status = r < 0 ? complain_of_house(&said, o) : 0;
	talloc_free(ctx);
	return status;
}

/* What to do about the key, when the backup had none. */
static void key_tell(TALLOC_CTX *ctx, const Options *o)
{
	Backup b;
	Said said = {0};
	bool zh = o->lang == LANG_ZH;
	if (backup_read(ctx, o->from, &b, &said) < 0 || !b.without_key)
		return;
	if (file_exists(talloc_asprintf(ctx, "%s/secret.key", o->data_dir)))
		printf(zh ? "备份中没有密钥，使用 %s 里已有的 secret.key。请运行 tenon doctor 检查是否都能解开。\n"
			  : "The backup has no key; the secret.key that lies in %s is used. tenon doctor tells whether all "
			    "secrets open with it.\n", o->data_dir);
	else
		printf(zh ? "备份中没有密钥：渠道、平台推送、收取邮箱、微信客服的密钥和密码需要重新填写，其他一切照常。"
			    "tenon doctor 会逐条列出到哪里填写。如果另存了 secret.key，请在启动前放到 %s（权限 0600）。\n"
			  : "The backup has no key: secrets and passwords of channels, pushes, mailboxes and 微信客服 must be "
			    "entered again; everything else works. tenon doctor names each with its place. If you kept "
			    "secret.key, put it into %s (mode 0600) before you start.\n", o->data_dir);
}

int care_restore(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Said said = {0};
	char *aside = NULL;
	HousePlace house = place_of(o);
	UpgradePlan plan = workspace_plan(o);
	int r = upgrade_refuses(ctx, o->from, &plan, &said) ? ERR_CONFLICT : 0;
	if (r == 0)
		r = backup_restore(ctx, o->from, &house, o->force, false, clock_real_ms(), &aside, &said);
	if (r == 0)
		printf(o->lang == LANG_ZH ? "已从 %s 恢复到 %s。现在可以启动 tenon serve。\n"
					  : "Restored %s into %s. Start it with tenon serve.\n", o->from, o->data_dir);
	if (r == 0 && aside)
		printf(o->lang == LANG_ZH ? "原有数据保留在 %s。\n" : "What was there before is kept in %s.\n", aside);
	if (r == 0)
		key_tell(ctx, o);
	int status = r < 0 ? complain(&said, o->lang) : 0;
	talloc_free(ctx);
	return status;
}

static void findings_print(const Finding *findings, size_t n, Lang lang)
{
	for (size_t i = 0; i < n; i++)
		printf("%s  %s: %s\n", findings[i].serious ? "!!" : findings[i].note ? "--" : "ok", findings[i].check,
		       said_in(&findings[i].said, lang));
}

static int findings_end(const Finding *findings, size_t n, Lang lang)
{
	size_t serious = findings_serious(findings, n);
	if (serious == 0)
		puts(lang == LANG_ZH ? "一切正常。" : "All is well.");
	else
		fprintf(stderr, lang == LANG_ZH ? "tenon：发现 %zu 个问题。\n" : "tenon: %zu problems were found.\n", serious);
	return serious ? 1 : 0;
}

/* As the server of that folder has it: that of a test server may be moved. */
static int64_t business_now_ms(TALLOC_CTX *ctx, const Options *o)
{
	char *error = NULL;
	Clock clock = {0};
	return clock_file_open(ctx, &clock, o->data_dir, &error) ? clock_now_ms(&clock) : clock_real_ms();
}

int care_verify(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Said said = {0};
	Finding *findings = NULL;
	size_t n = 0;
	HousePlace house = place_of(o);
	VerifyConfig config = {.tables = house_inspection(ctx, &house), .data_dir = o->data_dir,
		.now_ms = business_now_ms(ctx, o), .thorough = !o->quick};
	int status;
	if (!o->database && !file_exists(config.tables.records)) {
		said_set(ctx, &said, 0, "There is no data in %s. Name the data folder with --data.",
			"%s 里没有数据。请用 --data 指定数据文件夹。", o->data_dir);
		status = complain(&said, o->lang);
	} else if (house_lacks_receipts(ctx, &house, &said)) {
		status = complain(&said, o->lang);
	} else if (verify_run(ctx, &config, &findings, &n, &said) < 0) {
		status = complain_of_house(&said, o);
	} else {
		findings_print(findings, n, o->lang);
		status = findings_end(findings, n, o->lang);
	}
	talloc_free(ctx);
	return status;
}

int care_doctor(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Finding *findings = NULL;
	size_t n = 0;
	DoctorConfig config = {.house = place_of(o), .listen = o->listen, .public_url = o->public_url,
		.now_ms = business_now_ms(ctx, o), .asks = true, .channel_said = channel_said};
	doctor_run(ctx, &config, &findings, &n);
	Finding outlook;
	UpgradePlan plan = workspace_plan(o);
	if (upgrade_outlook(ctx, o, &plan, &outlook)) {
		findings = talloc_realloc(ctx, findings, Finding, n + 1);
		findings[n++] = outlook;
	}
	findings_print(findings, n, o->lang);
	int status = findings_end(findings, n, o->lang);
	talloc_free(ctx);
	return status;
}

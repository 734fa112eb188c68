/* backup, restore, verify and doctor on the command line. */
#include "app/care.h"

#include <stdio.h>

#include "api/clock_file.h"
#include "base/clock.h"
#include "modules/care/backup.h"
#include "modules/care/doctor.h"
#include "modules/care/tree.h"
#include "modules/care/verify.h"

static int complain(const Said *said, Lang lang)
{
	fprintf(stderr, "tenon: %s\n", said_in(said, lang));
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
	int r = backup_make(ctx, &house, o->to, BACKUP_MANUAL, clock_real_ms(), &watch, &made, &said);
	if (r == 0) {
		printf(o->lang == LANG_ZH ? "备份：%s（%lld 行，%lld 字节）\n" : "Backup: %s (%lld rows, %lld bytes)\n", made.path,
		       (long long)made.rows, (long long)made.bytes);
		r = backup_check(ctx, made.path, clock_real_ms(), &watch, &said);
	}
	if (r == 0)
		puts(o->lang == LANG_ZH ? "副本已检查，完好。" : "The copy was checked and is good.");
	int status = r < 0 ? complain(&said, o->lang) : 0;
	talloc_free(ctx);
	return status;
}

int care_restore(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Said said = {0};
	char *aside = NULL;
	HousePlace house = place_of(o);
	int r = backup_restore(ctx, o->from, &house, o->force, false, clock_real_ms(), &aside, &said);
	if (r == 0)
		printf(o->lang == LANG_ZH ? "已从 %s 恢复到 %s。现在可以启动 tenon serve。\n"
					  : "Restored %s into %s. Start it with tenon serve.\n", o->from, o->data_dir);
	if (r == 0 && aside)
		printf(o->lang == LANG_ZH ? "原有数据保留在 %s。\n" : "What was there before is kept in %s.\n", aside);
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

int care_verify(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Said said = {0};
	Finding *findings = NULL;
	size_t n = 0;
	HousePlace house = place_of(o);
	VerifyConfig config = {.tables = house_inspection(ctx, &house), .data_dir = o->data_dir, .thorough = !o->quick};
	int status;
	if (!o->database && !file_exists(config.tables.records)) {
		said_set(ctx, &said, 0, "There is no data in %s.", "%s 里没有数据。", o->data_dir);
		status = complain(&said, o->lang);
	} else if (verify_run(ctx, &config, &findings, &n, &said) < 0) {
		status = complain(&said, o->lang);
	} else {
		findings_print(findings, n, o->lang);
		status = findings_end(findings, n, o->lang);
	}
	talloc_free(ctx);
	return status;
}

/* As the server of that folder has it: that of a test server may be moved. */
static int64_t business_now_ms(TALLOC_CTX *ctx, const Options *o)
{
	char *error = NULL;
	Clock clock = {0};
	return clock_file_open(ctx, &clock, o->data_dir, &error) ? clock_now_ms(&clock) : clock_real_ms();
}

int care_doctor(const Options *o)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Finding *findings = NULL;
	size_t n = 0;
	DoctorConfig config = {.house = place_of(o), .listen = o->listen, .public_url = o->public_url,
		.now_ms = business_now_ms(ctx, o), .asks = true};
	doctor_run(ctx, &config, &findings, &n);
	findings_print(findings, n, o->lang);
	int status = findings_end(findings, n, o->lang);
	talloc_free(ctx);
	return status;
}

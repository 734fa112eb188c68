/* The checks are a table: rows that must not exist, told with up to three of their ids. */
#include "modules/care/verify_int.h"

#include <string.h>

#define EXAMPLES 3
#define ENGINE_LINES_MAX 20

typedef struct {
	const char *name;
	bool serious;
	const char *id;   /* column of the example */
	bool id_is_text;  /* else a {ID} */
	const char *rows; /* FROM ... WHERE ... */
	const char *en, *zh;
} Check;

static const Check checks[] = {
	{"receipt_state", true, "id", false,
	 "FROM receipt WHERE state NOT IN ('pending', 'taken', 'duplicate', 'quarantined')",
	 "receipts are in no known state", "条回执的状态不明"},
	{"receipt_pending", false, "id", false, "FROM receipt WHERE state = 'pending'",
	 "receipts wait to be taken in; a running server does that by itself", "条回执等待处理；服务器运行时会自动处理"},
	{"receipt_taken_without_decision", true, "id", false,
	 "FROM receipt WHERE state IN ('taken', 'duplicate') AND NOT EXISTS (SELECT 1 FROM taken t WHERE t.receipt ="
	 " receipt.id)",
	 "receipts count as taken, but the records know nothing of it", "条回执标为已处理，但记录库里没有对应结果"},
	{"receipt_taken_without_lead", true, "id", false,
	 "FROM receipt WHERE state IN ('taken', 'duplicate') AND NOT EXISTS (SELECT 1 FROM lead l WHERE l.id ="
	 " receipt.lead)",
	 "receipts count as taken, but their lead does not exist", "条回执标为已处理，但线索不存在"},
	{"receipt_of_another_lead", true, "id", false,
	 "FROM receipt WHERE state IN ('taken', 'duplicate') AND EXISTS (SELECT 1 FROM taken t WHERE t.receipt ="
	 " receipt.id AND t.lead <> receipt.lead)",
	 "receipts name another lead than the records do", "条回执指向的线索与记录库不一致"},
	{"decision_without_lead", true, "receipt", false,
	 "FROM taken WHERE state = 'taken' AND NOT EXISTS (SELECT 1 FROM lead l WHERE l.id = taken.lead)",
	 "receipts were taken in, but their lead is gone", "条已处理的回执找不到线索"},
	{"decision_without_receipt", false, "receipt", false,
	 "FROM taken WHERE receipt < COALESCE((SELECT id FROM receipt ORDER BY id LIMIT 1), receipt) OR NOT EXISTS "
	 "(SELECT 1 FROM receipt)",
	 "decisions are older than all receipts that are kept: the log of receipts was lost or replaced at some time",
	 "条处理结果早于现存的所有回执：回执记录曾丢失或被替换"},
	{"lead_twice", true, "receipt", true,
	 "FROM (SELECT receipt FROM lead WHERE receipt IS NOT NULL GROUP BY receipt HAVING count(*) > 1) AS twice",
	 "receipts became more than one lead", "条回执生成了多条线索"},
	{"history_without_change", true, "record", false,
	 "FROM history WHERE NOT EXISTS (SELECT 1 FROM change c WHERE c.id = history.change)",
	 "rows of the history belong to no change", "条历史记录没有对应的变更"},
};

Finding *finding_add(Verify *v, const char *check, bool serious, int64_t count)
{
	v->list = talloc_realloc(v->ctx, v->list, Finding, v->n + 1);
	v->list[v->n] = (Finding){.check = check, .serious = serious, .note = !serious, .count = count};
	return &v->list[v->n++];
}

static bool example_row(void *arg, const char *const *cells, int n)
{
	Verify *v = arg;
	(void)n;
	buf_printf(v->examples, "%s%s", v->examples->len ? ", " : "", cells[0] ? cells[0] : "?");
	return true;
}

static int check_run(Verify *v, const Check *check)
{
	int64_t count;
	int r = inspect_number(v->look, talloc_asprintf(v->ctx, "SELECT count(*) %s", check->rows), &count);
	if (r < 0 || count == 0)
		return r;
	const char *id = check->id_is_text                ? "%s"
			 : inspect_is_postgres(v->look) ? "CAST(%s AS text)"
							: "lower(hex(%s))";
	char *column = talloc_asprintf(v->ctx, id, check->id);
	v->examples = buf_new(v->ctx, 1024);
	r = inspect_rows(v->look, talloc_asprintf(v->ctx, "SELECT %s %s LIMIT %d", column, check->rows, EXAMPLES),
			 example_row, v);
	Finding *f = finding_add(v, check->name, check->serious, count);
	said_set(v->ctx, &f->said, 0, "%lld %s (%s)", "%lld %s（%s）", (long long)count, check->en, v->examples->data);
	f->said.zh = talloc_asprintf(v->ctx, "%lld %s（%s）", (long long)count, check->zh, v->examples->data);
	return r;
}

static bool integrity_row(void *arg, const char *const *cells, int n)
{
	Verify *v = arg;
	(void)n;
	if (!cells[0] || strcmp(cells[0], "ok") == 0)
		return true;
	Finding *f = finding_add(v, "database_damaged", true, 1);
	said_set(v->ctx, &f->said, 0, "The database file is damaged: %s", "数据库文件已损坏：%s", cells[0]);
	return v->n < ENGINE_LINES_MAX;
}

static bool foreign_row(void *arg, const char *const *cells, int n)
{
	Verify *v = arg;
	Finding *f = finding_add(v, "reference_broken", true, 1);
	said_set(v->ctx, &f->said, 0, "A row of %s refers to a row of %s that does not exist",
	    "表 %s 的一行引用了表 %s 中不存在的行", cells[0], n > 2 ? cells[2] : "?");
	return v->n < ENGINE_LINES_MAX;
}

static int engine_checks(Verify *v)
{
	if (inspect_is_postgres(v->look))
		return 0; /* the server checks its pages itself */
	int r = inspect_rows(v->look, v->thorough ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)",
			     integrity_row, v);
	if (r == 0 && v->n == 0)
		r = inspect_rows(v->look, "PRAGMA foreign_key_check", foreign_row, v);
	return r;
}

int verify_run(TALLOC_CTX *ctx, const VerifyConfig *config, Finding **ret, size_t *ret_n, Said *said)
{
	char *error = NULL;
	Verify v = {.ctx = ctx, .thorough = config->thorough, .now_ms = config->now_ms,
		    .look = inspect_open(ctx, &config->tables, &error)};
	if (!v.look)
		return said_set(ctx, said, ERR_STORE, "%s", "%s", error);
	int r = engine_checks(&v);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(checks); i++)
		r = check_run(&v, &checks[i]);
	if (r == 0)
		r = verify_files(&v, config->data_dir);
	/* A file that is damaged enough cannot even be asked: that is the finding. */
	if (r < 0 && v.n > 0)
		r = 0;
	if (r < 0)
		said_set(ctx, said, r, "The tables cannot be read: %s", "无法读取数据表：%s", inspect_error(v.look));
	inspect_close(v.look);
	*ret = v.list;
	*ret_n = v.n;
	return r;
}

size_t findings_serious(const Finding *findings, size_t n)
{
	size_t serious = 0;
	for (size_t i = 0; i < n; i++)
		serious += findings[i].serious;
	return serious;
}

/* Reasons of the machine stay in its words; around them stands what a person can do. */
#include "app/advice.h"

#include <stdarg.h>
#include <string.h>

char *advice_refusal(TALLOC_CTX *ctx, const Options *o, const char *en, const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	char *text = talloc_vasprintf(ctx, o->lang == LANG_ZH ? zh : en, args);
	va_end(args);
	return text;
}

char *advice_database(TALLOC_CTX *ctx, const Options *o, const char *why)
{
	char *reason = talloc_strndup(ctx, why ? why : "?", why ? strcspn(why, "\n") : 1);
	size_t len = strlen(reason);
	if (len > 0 && reason[len - 1] == '.')
		reason[len - 1] = '\0';
	if (o->database)
		return advice_refusal(ctx, o, "%s. See that PostgreSQL runs and that the address after --database is right; "
			"tenon doctor looks at it.",
			"数据库无法使用：%s。请确认 PostgreSQL 正在运行、--database 的地址正确；可用 tenon doctor 检查。", reason);
	return advice_refusal(ctx, o, "%s. If the file is damaged, put back the newest backup: tenon restore --from BACKUP "
		"--data %s --force",
		"数据库无法使用：%s。如果文件已损坏，请恢复最近的备份：tenon restore --from 备份 --data %s --force", reason, o->data_dir);
}

/* Reasons of a library stay in its words; around them stands what a person can do. */
#include "app/advice.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/os_fault.h"

char *advice_refusal(TALLOC_CTX *ctx, const Options *o, const char *en, const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	char *text = talloc_vasprintf(ctx, o->lang == LANG_ZH ? zh : en, args);
	va_end(args);
	return text;
}

const char *advice_cause(const Options *o, int err)
{
	return os_fault(err, o->lang == LANG_ZH);
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

char *advice_closed(TALLOC_CTX *ctx, const Options *o, const ApiFault *fault)
{
	if (fault->part == API_REQUEST_LOG)
		return advice_refusal(ctx, o, "The request log %s cannot be written: %s. Name another file with --request-log.",
			"请求日志 %s 无法写入：%s。请用 --request-log 换一个文件。", o->request_log, advice_cause(o, fault->os));
	if (fault->part == API_LISTEN && fault->os == EINVAL)
		return advice_refusal(ctx, o, "\"%s\" is no address to listen on, such as 127.0.0.1:8080.",
			"“%s”不是可以监听的地址，正确写法例如 127.0.0.1:8080。", o->listen);
	if (fault->part == API_LISTEN)
		return advice_refusal(ctx, o,
			"%s cannot be listened on: %s. Name a free address and port with --listen, or stop what uses it.",
			"无法监听 %s：%s。请用 --listen 指定空闲的地址和端口，或停掉占用它的程序。", o->listen, advice_cause(o, fault->os));
	return talloc_strdup(ctx, fault->detail);
}

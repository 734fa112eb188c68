/* Two languages, one reason. */
#include "modules/care/said.h"

#include <stdarg.h>

#include "base/os_fault.h"

int said_set(TALLOC_CTX *ctx, Said *said, int err, const char *en, const char *zh, ...)
{
	va_list args, again;
	va_start(args, zh);
	va_copy(again, args);
	said->en = talloc_vasprintf(ctx, en, args);
	said->zh = talloc_vasprintf(ctx, zh, again);
	va_end(again);
	va_end(args);
	return err;
}

int said_fault(TALLOC_CTX *ctx, Said *said, int err, int cause, const char *en, const char *zh, const char *what)
{
	said->en = talloc_asprintf(ctx, en, what, os_fault(cause, false));
	said->zh = talloc_asprintf(ctx, zh, what, os_fault(cause, true));
	return err;
}

const char *said_in(const Said *said, Lang lang)
{
	const char *text = lang == LANG_EN ? said->en : said->zh;
	return text ? text : "";
}

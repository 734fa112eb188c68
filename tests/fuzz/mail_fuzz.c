/* Fuzzes the reading of mails: any bytes end, every text is UTF-8 within its limit. */
#include "mail/mail.h"

#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t max)
{
	if (text && (strlen(text) > max || !utf8_valid(text, strlen(text))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Mail mail;
	mail_start();
	TALLOC_CTX *ctx = talloc_new(NULL);
	mail_read(ctx, size ? (const char *)data : "", size, (int64_t)size + (size % 3 == 0 ? 1000 : 0), &mail);
	check_text(mail.message_id, MAIL_LINE_MAX);
	check_text(mail.subject, MAIL_LINE_MAX);
	check_text(mail.from_name, MAIL_LINE_MAX);
	check_text(mail.from_address, MAIL_LINE_MAX);
	check_text(mail.text, MAIL_TEXT_MAX + 1);
	for (size_t i = 0; i < mail.n_attachments; i++) {
		check_text(mail.attachment[i].name, MAIL_LINE_MAX);
		if (mail.attachment[i].size < 0)
			abort();
	}
	talloc_free(ctx);
	return 0;
}

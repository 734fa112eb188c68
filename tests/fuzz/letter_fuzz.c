/* Fuzzes mails as enquiries: any bytes become an object that keeps the message, its texts are short and UTF-8, and what
 * is read from it as an enquiry says the same. */
#include "modules/lead/intake/letter.h"

#include "base/utf8.h"
#include "mail/mail.h"
#include "modules/lead/intake/understand.h"
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 2000 /* as letter.c cuts what stands behind a label */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_object(const json_t *root, const char *noise)
{
	static const char *const noises[] = {"bounce", "auto_reply", "auto_generated", "mailing_list"};
	bool is_known = !noise;
	const char *key;
	json_t *value;
	for (size_t i = 0; i < ARRAY_LEN(noises); i++)
		is_known = is_known || strcmp(noise, noises[i]) == 0;
	require(is_known && json_is_object(root) && json_is_string(json_object_get(root, "message")));
	json_object_foreach ((json_t *)root, key, value)
		require(*key && utf8_valid(key, strlen(key)) && (!json_is_string(value) || json_string_length(value) <= VALUE_MAX));
}

static void check_enquiry(const Enquiry *e)
{
	const char *const texts[] = {e->name, e->phone, e->email, e->company, e->city, e->message, e->code};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		require(!texts[i] || (*texts[i] && strlen(texts[i]) <= VALUE_MAX && utf8_valid(texts[i], strlen(texts[i]))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {LETTER_TYPE, LETTER_TYPE "; size=100000", LETTER_TYPE "; size=-1"};
	const char *type = types[size % ARRAY_LEN(types)], *bytes = size ? (const char *)data : "";
	const char *noise = NULL, *reason = NULL, *detail = NULL;
	Enquiry e;
	mail_start();
	TALLOC_CTX *ctx = talloc_new(NULL);
	check_object(letter_read(ctx, type, bytes, size, &noise), noise);
	if (letter_is(type, bytes, size)) {
		require(enquiry_read(ctx, type, bytes, size, NULL, &e, &reason, &detail));
		require((e.noise == NULL) == (noise == NULL));
		check_enquiry(&e);
	}
	talloc_free(ctx);
	return 0;
}

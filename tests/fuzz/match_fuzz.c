/* Feeds every parser of match/ with arbitrary bytes; for clang -fsanitize=fuzzer,address,undefined. Besides crashes it
 * checks what must hold of any answer: it is well-formed, and parsing it again gives it again. */
#include "match/match.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_numbers(const char *text)
{
	Phone phone, again;
	char code[19], code_again[19];
	if (phone_parse(text, &phone)) {
		assert(phone.e164[0] == '+' && strlen(phone.e164) <= 16);
		assert(phone_parse(phone.e164, &again) && strcmp(phone.e164, again.e164) == 0);
	}
	if (credit_code_parse(text, code))
		assert(credit_code_parse(code, code_again) && strcmp(code, code_again) == 0);
	(void)!id_card_valid(text);
}

static void feed_names(const char *text)
{
	char mail[255], mail_again[255];
	const char *domain;
	bool is_public;
	CompanyName name;
	Region region;
	if (email_parse(text, mail, &domain, &is_public)) {
		assert(domain > mail && domain[-1] == '@' && utf8_valid(mail, strlen(mail)));
		(void)!email_parse(mail, mail_again, NULL, NULL);
	}
	company_parse(text, &name);
	assert(utf8_valid(name.core, strlen(name.core)));
	double similarity = company_similarity(&name, &name);
	assert(name.core[0] == '\0' ? similarity == 0 : similarity == 1);
	if (region_find(text, NULL, text, &region))
		assert(region.province != 0 && region_name(region.province) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096];
	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	feed_numbers(text);
	feed_names(text);
	return 0;
}

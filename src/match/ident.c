/* Check digits of credit codes and identity cards. */
#include "match/ident.h"

#include "match/match_int.h"

#include <string.h>

#define CODE_LEN 18
#define ORG_FIRST 8 /* the organisation code: eight characters and its check digit */
#define ORG_LEN 8
#define CARD_LEN 18
#define CARD_LEN_OLD 15

/* Folds and drops separators. Returns the count of characters, or size when there are more or others than ASCII. */
static size_t squeeze(const char *text, char *out, size_t size)
{
	uint32_t chars[64];
	size_t count = fold_text(text, chars, ARRAY_LEN(chars)), kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (chars[i] == ' ' || chars[i] == '-')
			continue;
		if (chars[i] >= 0x80 || kept + 1 >= size)
			return size;
		out[kept++] = (char)(chars[i] >= 'a' && chars[i] <= 'z' ? chars[i] - 32 : chars[i]);
	}
	out[kept] = '\0';
	return kept;
}

/* GB 11714: weights modulo 11 over the plain values 0-9, A = 10 ... */
static bool org_check_valid(const char *code)
{
	static const int weights[ORG_LEN] = {3, 7, 9, 10, 5, 8, 4, 2};
	int sum = 0;
	for (int i = 0; i < ORG_LEN; i++)
		sum += weights[i] * (code[i] <= '9' ? code[i] - '0' : code[i] - 'A' + 10);
	int check = 11 - sum % 11;
	return code[ORG_LEN] == (check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check));
}

/* GB 32100: weights 3^i modulo 31 over an alphabet without I, O, S, V, Z. */
static bool code_check_valid(const char *code)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	int sum = 0, weight = 1;
	for (int i = 0; i < CODE_LEN; i++) {
		const char *place = strchr(alphabet, code[i]);
		if (place == NULL)
			return false;
		if (i == CODE_LEN - 1)
			return place - alphabet == (31 - sum % 31) % 31;
		sum += weight * (int)(place - alphabet);
		weight = weight * 3 % 31;
	}
	return false;
}

static bool digits_only(const char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

bool credit_code_parse(const char *text, char out[static 19])
{
	char code[CODE_LEN + 2];
	if (text == NULL || squeeze(text, code, sizeof(code)) != CODE_LEN)
		return false;
	if (!digits_only(code, 2, ORG_FIRST) || !code_check_valid(code) || !org_check_valid(code + ORG_FIRST))
		return false;
	memcpy(out, code, CODE_LEN + 1);
	return true;
}

static int number(const char *text, int len)
{
	int n = 0;
	for (int i = 0; i < len; i++)
		n = n * 10 + (text[i] - '0');
	return n;
}

static bool area_known(int32_t code)
{
	size_t low = 0, high = id_card_area_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (id_card_areas[middle].last < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < id_card_area_count && id_card_areas[low].first <= code;
}

static bool date_valid(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1850 || year > 2199 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && is_leap);
}

static bool card_check_valid(const char *card)
{
	static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
	int sum = 0;
	for (size_t i = 0; i < ARRAY_LEN(weights); i++)
		sum += weights[i] * (card[i] - '0');
	return card[CARD_LEN - 1] == "10X98765432"[sum % 11];
}

bool id_card_valid(const char *text)
{
	char card[CARD_LEN + 2];
	if (text == NULL)
		return false;
	size_t len = squeeze(text, card, sizeof(card));
	if (len == CARD_LEN_OLD)
		return digits_only(card, 0, len) && area_known(number(card, 6)) &&
			   date_valid(1900 + number(card + 6, 2), number(card + 8, 2), number(card + 10, 2));
	return len == CARD_LEN && digits_only(card, 0, len - 1) && area_known(number(card, 6)) &&
		   date_valid(number(card + 6, 4), number(card + 10, 2), number(card + 12, 2)) && card_check_valid(card);
}

/* Mail addresses: the syntax that is delivered in practice (RFC 5321 dot-atoms, RFC 6531 letters), not quoted strings
 * or literals. */
#include "match/email.h"

#include "match/match_int.h"

#include <glib.h>
#include <string.h>

#define LOCAL_MAX 64
#define LABEL_MAX 63
#define ADDRESS_SIZE 255

/* Ascending, for bisection. */
static const char *const public_domains[] = {
	"126.com",
	"139.com",
	"163.com",
	"163.net",
	"188.com",
	"189.cn",
	"21cn.com",
	"263.net",
	"aliyun.com",
	"aol.com",
	"china.com",
	"eyou.com",
	"fastmail.com",
	"foxmail.com",
	"gmail.com",
	"gmx.com",
	"gmx.de",
	"gmx.net",
	"googlemail.com",
	"hanmail.net",
	"hotmail.co.uk",
	"hotmail.com",
	"hotmail.fr",
	"icloud.com",
	"live.cn",
	"live.com",
	"mac.com",
	"mail.com",
	"mail.ru",
	"me.com",
	"msn.com",
	"naver.com",
	"outlook.com",
	"outlook.jp",
	"proton.me",
	"protonmail.com",
	"qq.com",
	"sina.cn",
	"sina.com",
	"sina.com.cn",
	"sogou.com",
	"sohu.com",
	"tom.com",
	"vip.126.com",
	"vip.163.com",
	"vip.188.com",
	"vip.qq.com",
	"vip.sina.com",
	"vip.sohu.com",
	"web.de",
	"wo.cn",
	"yahoo.cn",
	"yahoo.co.jp",
	"yahoo.co.uk",
	"yahoo.com",
	"yahoo.com.cn",
	"yahoo.com.hk",
	"yahoo.com.tw",
	"yandex.com",
	"yandex.ru",
	"yeah.net",
	"ymail.com",
	"zoho.com",
};

bool email_domain_public(const char *domain)
{
	size_t low = 0, high = ARRAY_LEN(public_domains);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(public_domains[middle], domain);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_word(uint32_t c)
{
	return c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') : g_unichar_isalnum(c) || g_unichar_ismark(c);
}

/* Words of allowed characters with single dots between. */
static bool local_valid(const uint32_t *chars, size_t count)
{
	bool after_dot = true;
	for (size_t i = 0; i < count; i++) {
		bool is_dot = chars[i] == '.';
		if (is_dot ? after_dot
				   : !is_word(chars[i]) && (chars[i] >= 0x80 || strchr("!#$%&'*+-/=?^_`{|}~", (int)chars[i]) == NULL))
			return false;
		after_dot = is_dot;
	}
	return count > 0 && count <= LOCAL_MAX && !after_dot;
}

static bool label_valid(const uint32_t *chars, size_t count)
{
	if (count == 0 || count > LABEL_MAX || chars[0] == '-' || chars[count - 1] == '-')
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_word(chars[i]) && chars[i] != '-')
			return false;
	return true;
}

/* At least two labels, and a last one that is no number: else it is a host or an address of a machine. */
static bool domain_valid(const uint32_t *chars, size_t count)
{
	size_t begin = 0, labels = 0;
	for (size_t i = 0; i <= count; i++) {
		if (i < count && chars[i] != '.')
			continue;
		if (!label_valid(chars + begin, i - begin))
			return false;
		labels++;
		if (i < count)
			begin = i + 1;
	}
	return labels >= 2 && count - begin >= 2 && !(chars[begin] >= '0' && chars[begin] <= '9');
}

static size_t trim(uint32_t **chars, size_t count)
{
	static const char scheme[] = "mailto:";
	while (count > 0 && g_unichar_isspace((*chars)[count - 1]))
		count--;
	while (count > 0 && g_unichar_isspace((*chars)[0]))
		(*chars)++, count--;
	size_t n = 0;
	while (n < count && scheme[n] != '\0' && (*chars)[n] == (uint32_t)scheme[n])
		n++;
	bool has_scheme = scheme[n] == '\0';
	*chars += has_scheme ? n : 0;
	return count - (has_scheme ? n : 0);
}

bool email_parse(const char *text, char out[static 255], const char **ret_domain, bool *ret_public)
{
	uint32_t folded[FOLD_MAX], *chars = folded;
	char address[ADDRESS_SIZE];
	if (text == NULL)
		return false;
	size_t count = trim(&chars, fold_text(text, folded, FOLD_MAX)), at = count;
	for (size_t i = 0; i < count; i++) {
		if (chars[i] == 0x3002)
			chars[i] = '.';
		if (chars[i] == '@')
			at = i;
	}
	if (at == count || !local_valid(chars, at) || !domain_valid(chars + at + 1, count - at - 1))
		return false;
	size_t local = fold_write(chars, at + 1, address, sizeof(address));
	size_t domain = fold_write(chars + at + 1, count - at - 1, address + local, sizeof(address) - local);
	/* Cut short means too long; the size of what was written tells. */
	if (fold_bytes(chars, count) != local + domain)
		return false;
	memcpy(out, address, local + domain + 1);
	if (ret_domain != NULL)
		*ret_domain = out + local;
	if (ret_public != NULL)
		*ret_public = email_domain_public(out + local);
	return true;
}

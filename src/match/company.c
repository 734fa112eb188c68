/* What of a company's name tells it from another. Order matters: brackets first (they hold regions and forms), then
 * English legal words (they need the spaces), then Chinese forms from the end, then regions from the front. */
#include "match/company.h"

#include "match/match_int.h"

#include <glib.h>
#include <string.h>

#define CHARS_MAX FOLD_MAX
#define BYTES_MAX (CHARS_MAX * 4 + 1)
#define REGIONS_MAX 3
#define HAN_BYTES 3

typedef struct {
	uint32_t chars[CHARS_MAX];
	size_t count;
} Text;

/* Never part of a name, wherever they stand; the longer first. */
static const char *const forms_anywhere[] = {"股份有限责任公司", "有限责任公司", "股份有限公司", "有限公司"};
/* Only at the end. */
static const char *const forms_at_end[] = {
	"个人独资企业",
	"个体工商户",
	"特殊普通合伙",
	"集团公司",
	"股份公司",
	"合伙企业",
	"有限合伙",
	"普通合伙",
	"总公司",
	"集团",
	"股份",
	"公司",
};
/* A branch is another company as far as sales is concerned. */
static const char *const branches[] = {"分公司", "子公司", "支公司"};
static const char *const forms_in_brackets[] = {
	"集团",
	"股份",
	"有限合伙",
	"普通合伙",
	"特殊普通合伙",
	"个人独资",
	"个体工商户",
	"有限公司",
	"控股",
	"中国",
	"china",
	"prc",
	"group",
};
static const char *const english_forms[] = {
	"ltd",
	"limited",
	"inc",
	"incorporated",
	"co",
	"company",
	"corp",
	"corporation",
	"llc",
	"llp",
	"lp",
	"plc",
	"gmbh",
	"ag",
	"sa",
	"sarl",
	"srl",
	"spa",
	"bv",
	"nv",
	"oy",
	"ab",
	"as",
	"kg",
	"pte",
	"pty",
	"sdn",
	"bhd",
	"kk",
};
/* Cities whose short name begins brands or is a word. */
static const char *const brand_like[] = {"阿里", "安康", "大同", "中卫", "海东"};
/* A name that begins so is told by the place before it. */
static const char *const institutions[] = {
	"银行",
	"农商",
	"大学",
	"学院",
	"医院",
	"机场",
	"地铁",
	"轨道交通",
	"电视台",
	"日报",
	"证券交易所",
	"人民",
	"海关",
	"第一",
	"第二",
	"第三",
};
/* A name of these alone says what, not who. */
static const char *const trades[] = {
	"网络科技",
	"信息技术",
	"人力资源",
	"科技",
	"技术",
	"信息",
	"网络",
	"软件",
	"电子",
	"智能",
	"数据",
	"通信",
	"通讯",
	"贸易",
	"商贸",
	"进出口",
	"国际",
	"实业",
	"工业",
	"产业",
	"发展",
	"投资",
	"控股",
	"管理",
	"咨询",
	"服务",
	"文化",
	"传媒",
	"传播",
	"广告",
	"教育",
	"培训",
	"医药",
	"医疗",
	"制药",
	"药业",
	"食品",
	"餐饮",
	"酒店",
	"旅游",
	"物流",
	"运输",
	"交通",
	"汽车",
	"机械",
	"制造",
	"设备",
	"机电",
	"重工",
	"钢铁",
	"化工",
	"材料",
	"能源",
	"电力",
	"电气",
	"电器",
	"燃气",
	"水务",
	"自来水",
	"供水",
	"环保",
	"环境",
	"建设",
	"建筑",
	"工程",
	"建工",
	"城建",
	"城投",
	"装饰",
	"设计",
	"置业",
	"地产",
	"房地产",
	"开发",
	"物业",
	"港口",
	"港务",
	"公交",
	"石油",
	"石化",
	"煤矿",
	"矿业",
	"农业",
	"啤酒",
	"纺织",
	"服装",
	"百货",
	"超市",
	"保险",
	"证券",
	"基金",
	"金融",
	"租赁",
	"担保",
	"资产",
	"经营",
	"资本",
	"企业",
	"商业",
	"市场",
	"中心",
};

static bool listed(const char *const *list, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == len && memcmp(list[i], text, len) == 0)
			return true;
	return false;
}

/* Bytes of the first word of the list that text begins with. */
static size_t begins_with(const char *const *list, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(list[i]);
		if (n <= len && memcmp(list[i], text, n) == 0)
			return n;
	}
	return 0;
}

static size_t ends_with(const char *const *list, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(list[i]);
		if (n <= len && memcmp(list[i], text + len - n, n) == 0)
			return n;
	}
	return 0;
}

static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
	return (c >= 0x4e00 && c <= 0x9fff) || g_unichar_isalnum(c);
}

/* UTF-8 of the letters and digits among chars. */
static size_t letters_write(const uint32_t *chars, size_t count, char *out, size_t size)
{
	uint32_t kept[CHARS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (is_word(chars[i]))
			kept[n++] = chars[i];
	return fold_write(kept, n, out, size);
}

/* --- brackets --- */

/* NFKC has made the full-width ones ASCII already. */
static uint32_t closing(uint32_t c)
{
	switch (c) {
	case '(':
		return ')';
	case '[':
		return ']';
	case 0x3010: /* 【 */
		return 0x3011;
	case 0x3014: /* 〔 */
		return 0x3015;
	default:
		return 0;
	}
}

static bool is_region_path(const char *text, size_t len)
{
	while (len > 0) {
		const RegionAlias *rows;
		size_t count, bytes = region_prefix(text, len, &rows, &count);
		if (bytes == 0)
			return false;
		text += bytes;
		len -= bytes;
	}
	return true;
}

static bool says_nothing(const uint32_t *chars, size_t count)
{
	char text[BYTES_MAX];
	size_t len = letters_write(chars, count, text, sizeof(text));
	return is_region_path(text, len) || listed(forms_in_brackets, ARRAY_LEN(forms_in_brackets), text, len);
}

/* Drops brackets that hold a region or a legal form; others lose only the bracket characters, later. */
static void strip_brackets(Text *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->count; i++) {
		uint32_t close = closing(t->chars[i]);
		size_t end = i + 1;
		while (close != 0 && end < t->count && t->chars[end] != close && closing(t->chars[end]) == 0)
			end++;
		if (close != 0 && end < t->count && t->chars[end] == close && says_nothing(t->chars + i + 1, end - i - 1))
			i = end;
		else
			t->chars[kept++] = t->chars[i];
	}
	t->count = kept;
}

/* --- English --- */

static bool is_gap(uint32_t c)
{
	return c == ' ' || c == ',' || c == ';' || c == '&' || c == ')' || c == '(';
}

/* "s.a." and "co." are words without dots. */
static void drop_dots(Text *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->count; i++)
		if (t->chars[i] != '.')
			t->chars[kept++] = t->chars[i];
	t->count = kept;
}

static void strip_english(Text *t)
{
	drop_dots(t);
	for (;;) {
		while (t->count > 0 && is_gap(t->chars[t->count - 1]))
			t->count--;
		size_t begin = t->count;
		while (begin > 0 && t->chars[begin - 1] < 0x80 && is_word(t->chars[begin - 1]))
			begin--;
		char word[32];
		size_t len = fold_write(t->chars + begin, t->count - begin, word, sizeof(word));
		bool has_gap = begin > 0 && (is_gap(t->chars[begin - 1]) || t->chars[begin - 1] >= 0x80);
		if (!has_gap || !listed(english_forms, ARRAY_LEN(english_forms), word, len))
			return;
		t->count = begin;
	}
}

/* --- Chinese --- */

/* Removes the first form of the list found in text, unless nothing would be left. Returns the new length. */
static size_t cut_anywhere(char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(forms_anywhere); i++) {
		const char *found = memmem(text, len, forms_anywhere[i], strlen(forms_anywhere[i]));
		size_t n = strlen(forms_anywhere[i]);
		if (found == NULL || n == len)
			continue;
		size_t at = (size_t)(found - text);
		memmove(text + at, text + at + n, len - at - n);
		return len - n;
	}
	return len;
}

static size_t cut_end(const char *text, size_t len)
{
	if (listed(forms_anywhere, ARRAY_LEN(forms_anywhere), text, len))
		return len;
	for (;;) {
		size_t n = ends_with(forms_at_end, ARRAY_LEN(forms_at_end), text, len);
		if (n == 0 || n == len || ends_with(branches, ARRAY_LEN(branches), text, len) > 0)
			return len;
		len -= n;
	}
}

static bool is_only_trade(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = begins_with(trades, ARRAY_LEN(trades), text, len);
		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

static bool is_told_by_place(const char *rest, size_t len)
{
	return len < 2 * HAN_BYTES || begins_with(institutions, ARRAY_LEN(institutions), rest, len) > 0 ||
		   is_only_trade(rest, len);
}

static bool is_below(int32_t code, int32_t above)
{
	while (code > above)
		code /= 100;
	return above != 0 && code == above;
}

/* Which region a name begins with, 0 for none. A county counts only by its long name or below the place before it: 平安
 * and 东方 are counties too, but rarely meant. */
static int32_t region_meant(const RegionAlias *rows, size_t count, size_t bytes, int32_t above)
{
	for (size_t i = 0; i < count; i++) {
		bool is_county = rows[i].code >= 10000, is_long = rows[i].full && bytes > 2 * HAN_BYTES;
		is_county |= listed(brand_like, ARRAY_LEN(brand_like), region_text + rows[i].text, rows[i].len);
		if (above != 0 ? is_below(rows[i].code, above) : !is_county || is_long)
			return rows[i].code;
	}
	return 0;
}

/* Bytes of the regions at the front. */
static size_t regions_at_front(const char *text, size_t len)
{
	size_t at = 0;
	int32_t above = 0;
	for (int i = 0; i < REGIONS_MAX; i++) {
		const RegionAlias *rows;
		size_t count, bytes = region_prefix(text + at, len - at, &rows, &count);
		int32_t code = bytes > 0 ? region_meant(rows, count, bytes, above) : 0;
		if (code == 0 || is_told_by_place(text + at + bytes, len - at - bytes))
			break;
		above = code;
		at += bytes;
	}
	return at;
}

void company_parse(const char *text, CompanyName *ret)
{
	Text t;
	char letters[BYTES_MAX];
	ret->core[0] = '\0';
	if (text == NULL)
		return;
	t.count = fold_text(text, t.chars, CHARS_MAX);
	strip_brackets(&t);
	strip_english(&t);
	size_t len = letters_write(t.chars, t.count, letters, sizeof(letters));
	if (len == 0) { /* the brackets held all there was */
		t.count = fold_text(text, t.chars, CHARS_MAX);
		len = letters_write(t.chars, t.count, letters, sizeof(letters));
	}
	len = cut_end(letters, cut_anywhere(letters, len));
	size_t at = regions_at_front(letters, len);
	size_t count = fold_read(letters + at, len - at, t.chars);
	fold_write(t.chars, count, ret->core, sizeof(ret->core));
}

double company_similarity(const CompanyName *a, const CompanyName *b)
{
	uint32_t left[DISTANCE_MAX], right[DISTANCE_MAX];
	Pattern pattern;
	size_t n = fold_read(a->core, strlen(a->core), left), m = fold_read(b->core, strlen(b->core), right);
	if (n == 0 || m == 0)
		return 0;
	size_t longer = n > m ? n : m;
	pattern_prepare(&pattern, left, n);
	return 1.0 - (double)pattern_distance(&pattern, right, m, longer) / (double)longer;
}

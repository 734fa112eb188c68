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

typedef struct {
	const char *text;
	size_t len;
} Word;
#define WORD(literal) {(literal), sizeof(literal) - 1}

/* Never part of a name, wherever they stand; the longer first. */
static const Word forms_anywhere[] = {WORD("股份有限责任公司"), WORD("有限责任公司"), WORD("股份有限公司"), WORD("有限公司")};
/* Only at the end. */
static const Word forms_at_end[] = {
	WORD("个人独资企业"),
	WORD("个体工商户"),
	WORD("特殊普通合伙"),
	WORD("集团公司"),
	WORD("股份公司"),
	WORD("合伙企业"),
	WORD("有限合伙"),
	WORD("普通合伙"),
	WORD("总公司"),
	WORD("集团"),
	WORD("股份"),
	WORD("公司"),
};
/* A branch is another company as far as sales is concerned. */
static const Word branches[] = {WORD("分公司"), WORD("子公司"), WORD("支公司")};
static const Word forms_in_brackets[] = {
	WORD("集团"),
	WORD("股份"),
	WORD("有限合伙"),
	WORD("普通合伙"),
	WORD("特殊普通合伙"),
	WORD("个人独资"),
	WORD("个体工商户"),
	WORD("有限公司"),
	WORD("控股"),
	WORD("中国"),
	WORD("china"),
	WORD("prc"),
	WORD("group"),
};
static const Word english_forms[] = {
	WORD("ltd"),
	WORD("limited"),
	WORD("inc"),
	WORD("incorporated"),
	WORD("co"),
	WORD("company"),
	WORD("corp"),
	WORD("corporation"),
	WORD("llc"),
	WORD("llp"),
	WORD("lp"),
	WORD("plc"),
	WORD("gmbh"),
	WORD("ag"),
	WORD("sa"),
	WORD("sarl"),
	WORD("srl"),
	WORD("spa"),
	WORD("bv"),
	WORD("nv"),
	WORD("oy"),
	WORD("ab"),
	WORD("as"),
	WORD("kg"),
	WORD("pte"),
	WORD("pty"),
	WORD("sdn"),
	WORD("bhd"),
	WORD("kk"),
};
/* Cities whose short name begins brands or is a word. */
static const Word brand_like[] = {WORD("阿里"), WORD("安康"), WORD("大同"), WORD("中卫"), WORD("海东")};
/* A name that begins so is told by the place before it. */
static const Word institutions[] = {
	WORD("银行"),
	WORD("农商"),
	WORD("大学"),
	WORD("学院"),
	WORD("医院"),
	WORD("机场"),
	WORD("地铁"),
	WORD("轨道交通"),
	WORD("电视台"),
	WORD("日报"),
	WORD("证券交易所"),
	WORD("人民"),
	WORD("海关"),
	WORD("第一"),
	WORD("第二"),
	WORD("第三"),
};
/* A name of these alone says what, not who. */
static const Word trades[] = {
	WORD("网络科技"),
	WORD("信息技术"),
	WORD("人力资源"),
	WORD("科技"),
	WORD("技术"),
	WORD("信息"),
	WORD("网络"),
	WORD("软件"),
	WORD("电子"),
	WORD("智能"),
	WORD("数据"),
	WORD("通信"),
	WORD("通讯"),
	WORD("贸易"),
	WORD("商贸"),
	WORD("进出口"),
	WORD("国际"),
	WORD("实业"),
	WORD("工业"),
	WORD("产业"),
	WORD("发展"),
	WORD("投资"),
	WORD("控股"),
	WORD("管理"),
	WORD("咨询"),
	WORD("服务"),
	WORD("文化"),
	WORD("传媒"),
	WORD("传播"),
	WORD("广告"),
	WORD("教育"),
	WORD("培训"),
	WORD("医药"),
	WORD("医疗"),
	WORD("制药"),
	WORD("药业"),
	WORD("食品"),
	WORD("餐饮"),
	WORD("酒店"),
	WORD("旅游"),
	WORD("物流"),
	WORD("运输"),
	WORD("交通"),
	WORD("汽车"),
	WORD("机械"),
	WORD("制造"),
	WORD("设备"),
	WORD("机电"),
	WORD("重工"),
	WORD("钢铁"),
	WORD("化工"),
	WORD("材料"),
	WORD("能源"),
	WORD("电力"),
	WORD("电气"),
	WORD("电器"),
	WORD("燃气"),
	WORD("水务"),
	WORD("自来水"),
	WORD("供水"),
	WORD("环保"),
	WORD("环境"),
	WORD("建设"),
	WORD("建筑"),
	WORD("工程"),
	WORD("建工"),
	WORD("城建"),
	WORD("城投"),
	WORD("装饰"),
	WORD("设计"),
	WORD("置业"),
	WORD("地产"),
	WORD("房地产"),
	WORD("开发"),
	WORD("物业"),
	WORD("港口"),
	WORD("港务"),
	WORD("公交"),
	WORD("石油"),
	WORD("石化"),
	WORD("煤矿"),
	WORD("矿业"),
	WORD("农业"),
	WORD("啤酒"),
	WORD("纺织"),
	WORD("服装"),
	WORD("百货"),
	WORD("超市"),
	WORD("保险"),
	WORD("证券"),
	WORD("基金"),
	WORD("金融"),
	WORD("租赁"),
	WORD("担保"),
	WORD("资产"),
	WORD("经营"),
	WORD("资本"),
	WORD("企业"),
	WORD("商业"),
	WORD("市场"),
	WORD("中心"),
};

/* The last byte of a Chinese character tells more than its first. */
static bool is_word_at(const Word *word, const char *text)
{
	return text[word->len - 1] == word->text[word->len - 1] && memcmp(text, word->text, word->len) == 0;
}

static bool listed(const Word *list, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].len == len && is_word_at(&list[i], text))
			return true;
	return false;
}

/* Bytes of the first word of the list that text begins with. */
static size_t begins_with(const Word *list, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].len <= len && is_word_at(&list[i], text))
			return list[i].len;
	return 0;
}

static size_t ends_with(const Word *list, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].len <= len && is_word_at(&list[i], text + len - list[i].len))
			return list[i].len;
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

/* Where a form of forms_anywhere may begin: all of them hold these two characters. */
static const char *forms_begin(const char *text, size_t len)
{
	static const char limited[] = "有限", shares[] = "股份";
	const char *found = memmem(text, len, limited, sizeof(limited) - 1);
	if (found == NULL || found < text + sizeof(shares) - 1)
		return found;
	const char *before = found - (sizeof(shares) - 1);
	return memcmp(before, shares, sizeof(shares) - 1) == 0 ? before : found;
}

/* Removes the first form of the list found in text, unless nothing would be left. Returns the new length. */
static size_t cut_anywhere(char *text, size_t len)
{
	const char *from = forms_begin(text, len);
	for (size_t i = 0; from != NULL && i < ARRAY_LEN(forms_anywhere); i++) {
		size_t n = forms_anywhere[i].len;
		const char *found = memmem(from, len - (size_t)(from - text), forms_anywhere[i].text, n);
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

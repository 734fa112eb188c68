/* The duplicate index over a million synthetic companies: time to build, memory, time of a look-up. Names are composed
 * from region, brand, trade and legal form with a fixed seed; half of the look-ups ask for a known name with one
 * character changed, a quarter for a known one as it is, a quarter for an unknown one. Usage: match_bench [records]
 * [look-ups] */
#include "match/match.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_MAX_BYTES 160

static const char *const places[] = {"北京", "上海", "深圳", "广州", "杭州", "苏州市", "成都", "武汉市", "南京", "重庆",
	"天津", "江苏省无锡市", "浙江宁波", "山东青岛", "厦门", "西安", "长沙", "郑州", "佛山", "东莞市", "合肥", "福建",
	"河北", "辽宁省", "济南", "", "", ""};
static const char brand_chars[] = "华中天大金新海东国盛泰恒德信诚和兴隆达通宏远佳美丽康瑞祥福安宝龙凤鑫亿万嘉联合众成创"
								  "智慧云星光明阳春江河山川水木森林源泉长城建立"
								  "永久力强飞翔腾跃升腾鹏程锦绣富贵荣昌茂盛丰登禾田园艺文博雅正义仁爱善美尚品优良精工巧"
								  "匠心诺言承启航帆船舟岛屿湾港桥路轩辕宇宙宏图"
								  "伟业基石磊岩峰岭峻峡谷雪莲梅兰竹菊荷花果实香甜蜜糖米麦稻谷豆茶酒酱油盐醋衣裳鞋帽布匹"
								  "丝绸棉麻毛皮革纸笔墨砚书画琴棋诗词歌舞蓝青绿红"
								  "橙紫白黑银铜铁锡铝钢玉珠宝石翡翠琥珀晶莹剔透清澈纯净洁白皓月朗日晨曦朝霞暮云彩虹雨露"
								  "霜雾风雷电火热能量子核芯片微波频谱数码字节比特"
								  "软件硬盘网格链条环球寰宇世纪时代未来前沿先锋领航引擎动力驱动迅捷快速敏锐灵巧活泼乐趣"
								  "欢喜庆典礼仪式样板块状态势头脑智囊团队伍军旗帜"
								  "标杆柱梁栋材质地球场馆院校园区域界限度量衡器具备用途径直接连续存储藏宝库仓房屋顶楼台"
								  "阁塔寺庙宇庭院落户口岸线缆索引导向导航标志向量";
static const char *const trades[] = {"科技", "信息技术", "贸易", "商贸", "网络科技", "电子", "实业", "建筑工程",
	"机械设备", "文化传播", "物流", "食品", "服饰", "医疗器械", "生物科技", "新材料", "环保科技", "智能装备",
	"教育咨询", "企业管理", "餐饮管理", "广告传媒", "装饰工程", "汽车零部件", "化工", "能源科技", "软件", "进出口贸易",
	"供应链管理", "投资管理", "农业发展", "电子商务", "精密制造", "包装材料"};
static const char *const forms[] = {"有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司", "集团有限公司"};

static uint64_t state = 20261123;

static uint64_t roll(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

static size_t brand_write(char *out)
{
	size_t kinds = (sizeof(brand_chars) - 1) / 3, dice = roll(10), chars = dice < 5 ? 2 : dice < 9 ? 3 : 4;
	for (size_t i = 0; i < chars; i++) {
		/* Two throws, the lower counts: common characters are common. */
		uint64_t a = roll(kinds), b = roll(kinds);
		memcpy(out + 3 * i, brand_chars + 3 * (a < b ? a : b), 3);
	}
	return 3 * chars;
}

static void name_write(char out[static NAME_MAX_BYTES])
{
	char brand[16];
	size_t bytes = brand_write(brand);
	snprintf(out, NAME_MAX_BYTES, "%s%.*s%s%s", places[roll(ARRAY_LEN(places))], (int)bytes, brand,
		trades[roll(ARRAY_LEN(trades))], forms[roll(ARRAY_LEN(forms))]);
}

/* Changes one Han character in the middle. */
static void name_spoil(char *name)
{
	size_t chars = strlen(name) / 3, at = chars / 3 + roll(chars / 3);
	memcpy(name + 3 * at, brand_chars + 3 * roll((sizeof(brand_chars) - 1) / 3), 3);
}

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t *ns, size_t count)
{
	qsort(ns, count, sizeof(*ns), compare_ns);
	printf("%-28s p50 %8.2f us  p90 %8.2f us  p99 %8.2f us  p99.9 %8.2f us  max %8.2f us\n", what,
		(double)ns[count / 2] / 1e3, (double)ns[count * 9 / 10] / 1e3, (double)ns[count * 99 / 100] / 1e3,
		(double)ns[count * 999 / 1000] / 1e3, (double)ns[count - 1] / 1e3);
}

static long resident_kb(void)
{
	long pages = 0, ignored = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld %ld", &ignored, &pages) != 2)
		pages = 0;
	fclose(file);
	return pages * 4;
}

static void build(MatchIndex *index, size_t records, int64_t *ns)
{
	char name[NAME_MAX_BYTES], phone[32];
	for (size_t i = 0; i < records; i++) {
		name_write(name);
		snprintf(phone, sizeof(phone), "+8613%09zu", i);
		MatchKeys keys = {
			.object = MATCH_LEAD, .id = id_new((int64_t)i), .open = true, .phone = phone, .company = name};
		int64_t start = now_ns();
		match_put(index, &keys);
		ns[i] = now_ns() - start;
	}
}

/* The names of build() again, from the same seed; every step-th is asked for. */
static void search(const MatchIndex *index, size_t records, size_t lookups, int64_t *ns)
{
	char name[NAME_MAX_BYTES], phone[32];
	MatchHit hits[20];
	size_t step = records / lookups > 0 ? records / lookups : 1, done = 0, found = 0, known = 0;
	for (size_t i = 0; i < records && done < lookups; i++) {
		name_write(name);
		if (i % step != 0)
			continue;
		uint64_t saved = state;
		if (done % 4 == 3)
			name_write(name);
		else if (done % 4 != 0)
			name_spoil(name);
		state = done % 4 == 3 ? saved : state;
		snprintf(phone, sizeof(phone), "+8615%09zu", i);
		MatchKeys keys = {.object = MATCH_LEAD, .phone = phone, .company = name};
		int64_t start = now_ns();
		int count = match_find(index, &keys, true, hits, ARRAY_LEN(hits));
		ns[done++] = now_ns() - start;
		found += done % 4 != 0 && count > 0;
		known += done % 4 != 0;
	}
	print_times("match_find, phone and name", ns, done);
	printf("known names with a match: %zu of %zu (a short name with a changed character is no match)\n", found, known);
}

static void admission(size_t rounds)
{
	static const char *const phones[] = {
		"138 1234 5678", "(021) 6888 8888-801", "+1 415 555 2671", "手机：13912345678（微信同号）"};
	char name[NAME_MAX_BYTES];
	CompanyName company;
	Region region;
	Phone phone;
	size_t ok = 0;
	int64_t start = now_ns();
	for (size_t i = 0; i < rounds; i++)
		ok += phone_parse(phones[i % ARRAY_LEN(phones)], &phone);
	printf("%-28s %8.2f us\n", "phone_parse", (double)(now_ns() - start) / 1e3 / (double)rounds);
	start = now_ns();
	for (size_t i = 0; i < rounds; i++)
		ok += region_find("广东", i % 2 ? "深圳" : "广州市", i % 3 ? "南山区" : NULL, &region);
	printf("%-28s %8.2f us\n", "region_find", (double)(now_ns() - start) / 1e3 / (double)rounds);
	int64_t spent = 0;
	for (size_t i = 0; i < rounds; i++) {
		name_write(name);
		start = now_ns();
		company_parse(name, &company);
		spent += now_ns() - start;
		ok += company.core[0] != '\0';
	}
	printf("%-28s %8.2f us  (%zu of %zu understood)\n", "company_parse", (double)spent / 1e3 / (double)rounds, ok,
		3 * rounds);
}

int main(int argc, char **argv)
{
	size_t records = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000,
		   lookups = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	TALLOC_CTX *ctx = talloc_new(NULL);
	int64_t *ns = talloc_array(ctx, int64_t, records > lookups ? records : lookups);
	MatchIndex *index = match_new(ctx);
	if (ns == NULL || index == NULL || records == 0 || lookups == 0)
		return 1;
	memset(ns, 0, talloc_get_size(ns));
	size_t empty = match_memory(index);
	long before_kb = resident_kb();
	int64_t start = now_ns();
	build(index, records, ns);
	printf("%zu records in %.2f s; an empty index %zu bytes; now %.1f MB set aside, %.1f MB resident\n",
		match_size(index), (double)(now_ns() - start) / 1e9, empty, (double)match_memory(index) / 1e6,
		(double)(resident_kb() - before_kb) / 1e3);
	print_times("match_put", ns, records);
	state = 20261123;
	search(index, records, lookups, ns);
	admission(200000);
	talloc_free(ctx);
	return 0;
}

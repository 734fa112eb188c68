/* Enquiries as a web form sends them, filled up to one size. */
#include "bench/body.h"

#include <stdio.h>
#include <string.h>

void body_write(Dice *dice, uint64_t n, char out[static BODY_BYTES + 1])
{
	static const char *const places[][2] = {{"广东省", "深圳市"}, {"上海市", "上海市"}, {"江苏省", "苏州市"},
		{"浙江省", "杭州市"}, {"四川省", "成都市"}, {"湖北省", "武汉市"}, {"山东省", "青岛市"}, {"北京市", "北京市"}};
	const char *const *place = places[n % ARRAY_LEN(places)];
	char company[COMPANY_NAME_MAX];
	company_write(dice, company);
	int len = snprintf(out, BODY_BYTES + 1,
		"{\"name\":\"客户%llu\",\"company\":\"%s\",\"phone\":\"138%08llu\",\"province\":\"%s\",\"city\":\"%s\","
		"\"page\":\"https://www.example.cn/solutions/vision\",\"utm_source\":\"baidu\","
		"\"dwell_ms\":84000,\"pages_seen\":4,\"form_ms\":21000,\"message\":\"",
		(unsigned long long)n, company, (unsigned long long)(n % BODY_PHONES), place[0], place[1]);
	memset(out + len, 'm', BODY_BYTES - (size_t)len - 2);
	memcpy(out + BODY_BYTES - 2, "\"}", 3);
}

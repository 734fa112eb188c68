/* Writes a CSV of leads, no two of them the same person: `table FILE ROWS`. For the part `import` of bench/run.py. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/company.h"

static const char *const cities[] = {"上海", "北京", "广州", "深圳", "杭州", "成都", "武汉", "苏州"};

static void row_write(FILE *out, Dice *dice, int64_t n)
{
	char company[COMPANY_NAME_MAX];
	company_write(dice, company);
	fprintf(out, "客户%lld,13%d%08lld,%s,%s,想了解第%d号产品的价格和交期,2025-%02d-%02d %02d:30\n", (long long)n,
	        (int)dice_throw(dice, 10), (long long)n, company, cities[dice_throw(dice, ARRAY_LEN(cities))],
	        (int)dice_throw(dice, 1000), 1 + (int)dice_throw(dice, 12), 1 + (int)dice_throw(dice, 28),
	        (int)dice_throw(dice, 24));
}

int main(int argc, char **argv)
{
	Dice dice = {COMPANY_SEED};
	FILE *out = argc == 3 ? fopen(argv[1], "w") : NULL;
	if (!out) {
		fprintf(stderr, "usage: table FILE ROWS\n");
		return 2;
	}
	int64_t rows = strtoll(argv[2], NULL, 10);
	fputs("姓名,手机,公司,城市,备注,提交时间\n", out);
	for (int64_t n = 0; n < rows; n++)
		row_write(out, &dice, n);
	printf("{\"rows\":%lld}\n", (long long)rows);
	return fclose(out) == 0 ? 0 : 1;
}

/* Company names, reduced to what tells one company from another (D1). */
#pragma once

#include "base/base.h"

typedef struct {
	char
		core[256]; /* NFKC, lower case, without region and legal form: what is compared; never cut inside a character */
} CompanyName;

/* 上海张江高科技有限公司 -> 张江高科技; 腾讯科技（深圳）有限公司 -> 腾讯科技; Foo Trading Co., Ltd. -> footrading.
 * Regions go from the front (long and short forms of province, city, district) and out of brackets, legal forms from
 * the end. What would leave nothing, or only words of trade (上海银行 must not become 银行), stays. A branch is not its
 * parent: 分公司 and its region are kept. NULL or a text without letters gives "". */
void company_parse(const char *text, CompanyName *ret);
/* 0..1 on two cores: Levenshtein ratio over characters, 1 - distance / longer length; 0 when either is empty. */
double company_similarity(const CompanyName *a, const CompanyName *b);

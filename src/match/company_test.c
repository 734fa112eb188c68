#include "match/company.h"

#include "base/check.h"

#include <string.h>

static void check_core(const char *text, const char *core)
{
	CompanyName name;
	company_parse(text, &name);
	CHECK_TEXT(name.core, core);
}

TEST(company, strips_region_and_legal_form)
{
	check_core("上海华为技术有限公司", "华为技术");
	check_core("腾讯科技（深圳）有限公司", "腾讯科技");
	check_core("腾讯科技(深圳市)有限公司", "腾讯科技");
	check_core("江苏省无锡市新区恒力机械有限责任公司", "新区恒力机械");
	check_core("上海市浦东新区金桥联合发展股份有限公司", "金桥联合发展");
	check_core("上海浦东金桥联合发展股份有限公司", "金桥联合发展");
	check_core("中兴通讯股份有限公司", "中兴通讯");
	check_core("阿里巴巴（中国）有限公司", "阿里巴巴");
	check_core("比亚迪集团", "比亚迪");
	check_core("比亚迪（集团）股份有限公司", "比亚迪");
	check_core("杭州云起投资管理合伙企业（有限合伙）", "云起投资管理");
	check_core("  ＡＢＣ科技 有限公司 ", "abc科技");
	check_core("张江高科", "张江高科");
	check_core("上海张江高科技园区开发股份有限公司", "张江高科技园区开发");
	check_core("凉山州恒信农业有限公司", "恒信农业");
}

TEST(company, keeps_what_tells_it_apart)
{
	check_core("上海银行股份有限公司", "上海银行");
	check_core("北京大学", "北京大学");
	check_core("青岛啤酒股份有限公司", "青岛啤酒");
	check_core("上海科技有限公司", "上海科技");
	check_core("上海有限公司", "上海");
	check_core("有限公司", "有限公司");
	check_core("（上海）", "上海");
	check_core("平安保险（集团）股份有限公司", "平安保险");
	check_core("东方财富", "东方财富");
	check_core("华为技术有限公司上海分公司", "华为技术上海分公司");
	check_core("北京区块链技术研究所", "区块链技术研究所");
	check_core("", "");
	check_core(NULL, "");
	check_core("—— ", "");
}

TEST(company, understands_english_forms)
{
	check_core("Foo Trading Co., Ltd.", "footrading");
	check_core("Foo Trading Company Limited", "footrading");
	check_core("Foo, Inc.", "foo");
	check_core("Foo L.L.C.", "foo");
	check_core("Müller GmbH & Co. KG", "müller");
	check_core("Siemens AG", "siemens");
	check_core("Co., Ltd.", "co");
	check_core("Limited", "limited");
}

TEST(company, long_names_are_cut_between_characters)
{
	char text[1600];
	CompanyName name;
	for (int i = 0; i < 500; i++)
		memcpy(text + 3 * i, i % 2 ? "鑫" : "淼", 4);
	company_parse(text, &name);
	CHECK_INT(strlen(name.core), 255);
	memset(text, 0xff, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	company_parse(text, &name);
	CHECK_TEXT(name.core, "");
}

TEST(company, similarity_is_the_ratio_of_characters)
{
	CompanyName a, b;
	company_parse("恒力石化新材料", &a);
	company_parse("恒力石华新材料", &b);
	double ratio = company_similarity(&a, &b);
	CHECK(ratio > 0.857 && ratio < 0.858);
	CHECK(company_similarity(&a, &a) > 0.999);
	company_parse("", &b);
	CHECK(company_similarity(&a, &b) < 0.001);
}

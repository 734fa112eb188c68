/* The words of the demo company. Names are put together from common parts; none is meant to be anybody. */
#include <stdio.h>

#include "app/demo/demo_int.h"

uint32_t dice_roll(Dice *dice, uint32_t sides)
{
	uint64_t z = dice->state += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (uint32_t)((z ^ (z >> 31)) % sides);
}

bool dice_chance(Dice *dice, uint32_t percent)
{
	return dice_roll(dice, 100) < percent;
}

int64_t dice_between(Dice *dice, int64_t from, int64_t to)
{
	uint64_t high = dice_roll(dice, UINT32_MAX);
	return from + (int64_t)(((high << 20) ^ dice_roll(dice, UINT32_MAX)) % (uint64_t)(to - from + 1));
}

static const char *const surnames[] = {
	"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡",   "郭", "何",
	"林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "邓", "韩", "冯", "曹", "彭", "曾",   "肖", "田",
	"董", "潘", "袁", "蔡", "蒋", "余", "于", "杜", "叶", "程", "魏", "苏", "吕", "丁", "沈",   "任", "姚",
	"卢", "傅", "钟", "姜", "崔", "谭", "廖", "范", "汪", "陆", "金", "石", "戴", "贾", "欧阳",
};
static const char *const given[] = {
	"伟",   "敏",   "静",   "丽",   "强",   "磊",   "洋",   "勇",   "艳",   "杰",   "娟",   "涛",   "明",
	"超",   "霞",   "平",   "刚",   "桂英", "建国", "晓东", "志强", "雪梅", "文博", "子涵", "宇航", "佳怡",
	"思远", "俊杰", "慧敏", "海燕", "国栋", "春华", "立新", "嘉豪", "雨桐", "梓轩", "晨曦", "振华", "淑芬",
	"家伟", "一鸣", "浩然", "诗涵", "永康", "红梅", "建军", "小燕", "天佑", "德胜", "凯",
};
static const char *const brands[] = {
	"恒远", "明途",   "中科", "启航", "蓝海",   "天元", "华信",   "金穗", "云起", "博瑞", "鼎盛", "联创", "宏图",
	"锐捷", "瑞丰",   "新锐", "力诺", "正泰源", "海川", "格蓝",   "奥威", "泰和", "嘉禾", "国兴", "永昌", "盛达",
	"优联", "迅达源", "卓越", "科源", "远景智", "华宇", "晶科源", "同创", "三立", "德尔", "乐享", "银河", "金桥",
	"长风", "东升",   "龙腾", "万象", "合众",   "思创", "创维源", "博远", "普达", "利安", "和创",
};
static const char *const brand_tails[] = {"", "", "", "达", "特", "邦", "通", "腾", "翔", "源"};
static const char *const trades[] = {
	"智能科技", "精密机械", "自动化设备", "电子", "新能源",   "汽车零部件", "食品",
	"包装材料", "医疗器械", "光电科技",   "模具", "物流设备", "电气",       "塑胶制品",
	"五金制品", "仪器仪表", "半导体",     "印刷", "环保科技", "纺织机械",
};
static const char *const forms[] = {"有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司", "集团有限公司"};
static const char *const wishes[] = {
	"想了解一下%s的报价和交期，我们是第二条产线扩建。",
	"%s能否接入我们现有的 MES？请安排工程师联系。",
	"展会上看过你们的%s演示，需要一份方案。",
	"现有产线良率只有 93%%，想评估%s改造，预算年底前定。",
	"请发%s的选型手册，并告知最小起订量。",
	"我们在比较几家%s供应商，希望本周内上门交流。",
	"需要 6 套%s，用于电池模组装配，请报价。",
	"领导让找%s的标杆案例，食品行业的最好。",
	"原供应商停产，想找%s替代，急。",
	"咨询%s的租赁或分期付款方式。",
};
static const char *const products[] = {"机器视觉检测", "运动控制器", "协作机器人",
                                       "MES 系统",     "自动上下料", "输送分拣线"};
static const char *const places_title[] = {"采购部", "设备部", "生产部", "技术部"};

const char *demo_person(TALLOC_CTX *ctx, Dice *dice)
{
	return talloc_asprintf(ctx, "%s%s", dice_pick(dice, surnames), dice_pick(dice, given));
}

const char *demo_company(TALLOC_CTX *ctx, Dice *dice, const Place *place)
{
	return talloc_asprintf(ctx, "%s%s%s%s%s", place->short_name, dice_pick(dice, brands), dice_pick(dice, brand_tails),
	                       dice_pick(dice, trades), dice_pick(dice, forms));
}

const char *demo_phone(TALLOC_CTX *ctx, Dice *dice)
{
	static const char *const heads[] = {"138", "139", "136", "150", "159", "186", "188", "177", "135", "131"};
	return talloc_asprintf(ctx, "+86%s%08u", dice_pick(dice, heads), dice_roll(dice, 100000000));
}

const char *demo_mail_name(TALLOC_CTX *ctx, Dice *dice)
{
	static const char *const names[] = {"info", "sales",  "purchase", "zhang", "li.wei",
	                                    "chen", "wang.m", "caigou",   "it",    "liu"};
	static const char *const hosts[] = {"hengyuan-auto", "mingtu-tech", "qihang-jx",    "lanhai-food",   "tianyuan-ne",
	                                    "huaxin-gd",     "borui-med",   "dingsheng-pk", "lianchuang-dq", "ruifeng-mj"};
	return talloc_asprintf(ctx, "%s%u@%s%u.cn", dice_pick(dice, names), dice_roll(dice, 90) + 10,
	                       dice_pick(dice, hosts), dice_roll(dice, 900) + 100);
}

const char *demo_message(TALLOC_CTX *ctx, Dice *dice)
{
	const char *wish = dice_pick(dice, wishes);
	const char *text = talloc_asprintf(ctx, wish, dice_pick(dice, products));
	return dice_chance(dice, 25) ? talloc_asprintf(ctx, "%s（%s）", text, dice_pick(dice, places_title)) : text;
}

const char *demo_summary(TALLOC_CTX *ctx, Dice *dice, int step, const char **ret_method)
{
	static const char *const first[] = {
		"电话接通，客户确认有采购计划，主要关注交期和售后，约定发资料后再沟通。",
		"加了微信，已发送产品手册和两个同行业案例，客户说下周内部讨论。",
		"客户在开会，简单说明了来意，约明天上午十点再打过去详细了解需求。",
		"初步了解到现有两条产线，节拍 12 秒，希望提升到 8 秒，需要现场评估。",
		"接通后确认了需求数量和预算范围，客户希望先看一份初步方案。",
	};
	static const char *const later[] = {
		"上门拜访，和设备经理一起看了现场，拍了照片，确认了安装空间和气源条件。",
		"发送了第一版方案和报价，客户反馈价格偏高，需要调整配置再比较。",
		"客户内部评审中，技术负责人提出通讯协议问题，已请售前工程师答复。",
		"电话跟进，采购说要三家比价，结果预计两周后出来，保持联系。",
		"视频会议演示系统，客户参会四人，对追溯功能很满意，要求补充实施计划。",
		"客户预算推迟到下个季度，约定月底再确认，先把资料留好。",
	};
	static const char *const methods[] = {"call", "call", "wechat", "visit", "meeting", "mail"};
	*ret_method = step == 0 ? "call" : dice_pick(dice, methods);
	return talloc_strdup(ctx, step == 0 ? dice_pick(dice, first) : dice_pick(dice, later));
}

/* The first team of each row sells there; codes as in the tables of match/. */
static const Place places[DEMO_TEAMS][6] = {
	{{"上海市", "上海市", "浦东新区", "上海", 310115},
     {"上海市", "上海市", "闵行区", "上海", 310112},
     {"上海市", "上海市", "嘉定区", "上海", 310114},
     {"上海市", "上海市", "松江区", "上海", 310117},
     {"上海市", "上海市", "徐汇区", "上海", 310104},
     {"上海市", "上海市", "宝山区", "上海", 310113}},
	{{"江苏省", "苏州市", "昆山市", "苏州", 320583},
     {"江苏省", "无锡市", "新吴区", "无锡", 320214},
     {"江苏省", "南京市", "江宁区", "南京", 320115},
     {"浙江省", "杭州市", "余杭区", "杭州", 330110},
     {"浙江省", "宁波市", "北仑区", "宁波", 330206},
     {"浙江省", "嘉兴市", "南湖区", "嘉兴", 330402}},
	{{"广东省", "深圳市", "宝安区", "深圳", 440306},
     {"广东省", "广州市", "黄埔区", "广州", 440112},
     {"广东省", "佛山市", "顺德区", "佛山", 440606},
     {"广东省", "惠州市", "惠城区", "惠州", 441302},
     {"广东省", "深圳市", "龙岗区", "深圳", 440307},
     {"广东省", "珠海市", "香洲区", "珠海", 440402}},
	{{"北京市", "北京市", "海淀区", "北京", 110108},
     {"北京市", "北京市", "大兴区", "北京", 110115},
     {"天津市", "天津市", "滨海新区", "天津", 120116},
     {"河北省", "石家庄市", "长安区", "石家庄", 130102},
     {"河北省", "唐山市", "路南区", "唐山", 130202},
     {"北京市", "北京市", "顺义区", "北京", 110113}},
	{{"四川省", "成都市", "武侯区", "成都", 510107},
     {"四川省", "成都市", "龙泉驿区", "成都", 510112},
     {"重庆市", "重庆市", "渝北区", "重庆", 500112},
     {"重庆市", "重庆市", "沙坪坝区", "重庆", 500106},
     {"四川省", "绵阳市", "涪城区", "绵阳", 510703},
     {"四川省", "德阳市", "旌阳区", "德阳", 510603}},
	{{"湖北省", "武汉市", "洪山区", "武汉", 420111},
     {"湖北省", "武汉市", "东西湖区", "武汉", 420112},
     {"湖北省", "襄阳市", "樊城区", "襄阳", 420606},
     {"湖南省", "长沙市", "岳麓区", "长沙", 430104},
     {"湖南省", "株洲市", "天元区", "株洲", 430211},
     {"湖南省", "长沙市", "雨花区", "长沙", 430111}},
};

const Place *demo_place(Dice *dice, int team)
{
	return &places[team][dice_roll(dice, 6)];
}

const char *demo_area(int team)
{
	static const char *const areas[DEMO_TEAMS] = {"[31]", "[32,33]", "[44]", "[11,12,13]", "[51,50]", "[42,43]"};
	return areas[team];
}

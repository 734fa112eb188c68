/* Company names composed from region, brand, trade and legal form: as alike as real ones, the same for the same seed. */
#include "bench/company.h"

#include <stdio.h>
#include <string.h>

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

uint64_t dice_throw(Dice *dice, uint64_t below)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (dice->state >> 11) % below;
}

static size_t brand_write(Dice *dice, char *out)
{
	size_t kinds = (sizeof(brand_chars) - 1) / 3, length = dice_throw(dice, 10), chars = length < 5 ? 2 : length < 9 ? 3 : 4;
	for (size_t i = 0; i < chars; i++) {
		/* Two throws, the lower counts: common characters are common. */
		uint64_t a = dice_throw(dice, kinds), b = dice_throw(dice, kinds);
		memcpy(out + 3 * i, brand_chars + 3 * (a < b ? a : b), 3);
	}
	return 3 * chars;
}

void company_write(Dice *dice, char out[static COMPANY_NAME_MAX])
{
	char brand[16];
	size_t bytes = brand_write(dice, brand);
	snprintf(out, COMPANY_NAME_MAX, "%s%.*s%s%s", places[dice_throw(dice, ARRAY_LEN(places))], (int)bytes, brand,
		trades[dice_throw(dice, ARRAY_LEN(trades))], forms[dice_throw(dice, ARRAY_LEN(forms))]);
}

void company_spoil(Dice *dice, char *name)
{
	size_t chars = strlen(name) / 3, at = chars / 3 + dice_throw(dice, chars / 3);
	memcpy(name + 3 * at, brand_chars + 3 * dice_throw(dice, (sizeof(brand_chars) - 1) / 3), 3);
}

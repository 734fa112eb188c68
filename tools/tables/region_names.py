"""How a Chinese region is called for short: 凉山彝族自治州 is 凉山, 浦东新区 is 浦东. Shared by the table makers of this folder."""

PEOPLES = """壮族 满族 回族 苗族 彝族 藏族 侗族 瑶族 白族 傣族 黎族 佤族 畲族 羌族 怒族 京族 水族 土族 各族 蒙古族 蒙古
维吾尔族 维吾尔 土家族 布依族 朝鲜族 哈尼族 哈萨克族 哈萨克 傈僳族 仡佬族 拉祜族 东乡族 纳西族 景颇族 柯尔克孜族 柯尔克孜
达斡尔族 仫佬族 布朗族 撒拉族 毛南族 锡伯族 锡伯 塔吉克族 塔吉克 普米族 鄂温克族 裕固族 保安族 独龙族 鄂伦春族""".split()

SUFFIXES = """特别行政区 自治区 自治州 自治县 自治旗 省 市 地区 盟 新区 矿区 林区 特区 区 县 旗""".split()

# What no rule gives: one-character names of provinces, and contractions people write.
EXTRA = {
    11: "京", 12: "津", 13: "冀", 14: "晋", 15: "蒙 内蒙", 21: "辽", 22: "吉", 23: "黑", 31: "沪 申", 32: "苏", 33: "浙", 34: "皖",
    35: "闽", 36: "赣", 37: "鲁", 41: "豫", 42: "鄂", 43: "湘", 44: "粤", 45: "桂", 46: "琼", 50: "渝", 51: "川 蜀", 52: "贵 黔",
    53: "云 滇", 54: "藏", 61: "陕 秦", 62: "甘 陇", 63: "青", 64: "宁", 65: "新", 71: "台 臺灣", 81: "港", 82: "澳",
    6528: "巴州", 6530: "克州", 6527: "博州", 4206: "襄樊", 1501: "呼市",
}


def strip_people(name: str) -> str:
    """Drops the names of peoples at the end, while two characters stay."""
    again = True
    while again:
        again = False
        for people in sorted(PEOPLES, key=len, reverse=True):
            if name.endswith(people) and len(name) - len(people) >= 2:
                name, again = name[: -len(people)], True
                break
    return name


def short(name: str) -> str:
    """The short form, or the name itself when stripping would leave less than two characters."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            bare = name[: -len(suffix)]
            return strip_people(bare) if suffix.startswith("自治") else bare
    return name

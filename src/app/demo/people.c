/* Who works at the demo company: six teams, thirty people, what they can do, where and when they work; and where leads
 * come from. */
#include <string.h>

#include "app/demo/demo_int.h"
#include "call/gate.h"
#include "modules/lead/policy.h"

#define DAY_WEEK                                                                                                    \
	"{\"mon\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"tue\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]]," \
	"\"wed\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"thu\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]],"  \
	"\"fri\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"sat\":[],\"sun\":[]}"
#define LATE_WEEK                                                                                       \
	"{\"mon\":[[\"13:00\",\"22:00\"]],\"tue\":[[\"13:00\",\"22:00\"]],\"wed\":[[\"13:00\",\"22:00\"]]," \
	"\"thu\":[[\"13:00\",\"22:00\"]],\"fri\":[[\"13:00\",\"22:00\"]],\"sat\":[[\"10:00\",\"18:00\"]],\"sun\":[]}"

typedef struct {
	const char *name, *key, *kind, *grade;
	int weight;
} DemoSource;

static const DemoSource sources[DEMO_SOURCES] = {
	{"官网咨询表单", "web", "form", "high", 90},      {"上海工博会二维码", "expo", "qr", "medium", 60},
	{"400 来电", "call", "call", "low", 40},          {"渠道名单导入", "list", "import", "low", 30},
	{"合作伙伴接口", "partner", "api", "medium", 55}, {"百度推广", "baidu", "ad", "high", 75},
	{"微信小程序", "mini", "mini", "medium", 65},     {"市场邮箱", "mail", "mail", "low", 35},
};

typedef struct {
	const char *name, *kind, *keywords;
} DemoSkill;

static const DemoSkill skills[DEMO_SKILLS] = {
	{"机器视觉", "product", "[\"机器视觉\",\"视觉检测\",\"相机\"]"},
	{"运动控制", "product", "[\"运动控制\",\"伺服\",\"控制器\"]"},
	{"协作机器人", "product", "[\"机器人\",\"机械臂\",\"上下料\"]"},
	{"MES 软件", "product", "[\"MES\",\"追溯\",\"排产\"]"},
	{"食品行业", "industry", "[\"食品行业\",\"饮料产线\"]"},
	{"英语", "language", "[\"English\",\"export\"]"},
};

static const char *const team_names[DEMO_TEAMS] = {"上海销售部", "苏浙销售部", "华南销售部",
                                                   "华北销售部", "西南销售部", "华中销售部"};
static const char *const team_provinces[DEMO_TEAMS] = {"上海市", "江苏省", "广东省", "北京市", "四川省", "湖北省"};

/* The record a new house begins with, or a fresh one when it has none: what is there is used, not doubled. */
static int first_of(Call *c, const char *object, Rows *rows, Record **ret)
{
	Id id = rows_next(rows) ? rows_id(rows, 0) : ID_NIL;
	int err = rows_error(rows);
	if (err == 0 && !id_is_nil(id))
		return record_load_any(c, object, id, ret);
	*ret = record_new(c, meta_object_of(c, object));
	return err;
}

static int record_keep(Call *c, Record *r)
{
	int flags = RECORD_AS_HOUSE | RECORD_QUIET;
	return r->stored ? record_update(c, r, flags) : record_create(c, r, flags);
}

static int calendars_make(Call *c, Demo *demo)
{
	ROWS rows = NULL;
	Record *day, *late = record_new(c, meta_object_of(c, "calendar"));
	int err = db_query(c->tx, &rows, "SELECT id FROM calendar ORDER BY created_at, id LIMIT 1");
	if (err < 0 || (err = first_of(c, "calendar", rows, &day)) < 0)
		return err;
	record_set_text(day, "name", "日班 9:00-18:00");
	record_set_text(day, "week", DAY_WEEK);
	record_set_text(late, "name", "晚班 13:00-22:00");
	record_set_text(late, "week", LATE_WEEK);
	if ((err = record_keep(c, day)) < 0 || (err = record_keep(c, late)) < 0)
		return err;
	demo->day = record_id(day);
	demo->late = record_id(late);
	return 0;
}

/* The first team becomes the head office, above the six. */
static int office_make(Call *c, Demo *demo)
{
	ROWS rows = NULL;
	Record *office;
	int err = db_query(c->tx, &rows, "SELECT id FROM team ORDER BY created_at, id LIMIT 1");
	if (err < 0 || (err = first_of(c, "team", rows, &office)) < 0)
		return err;
	record_set_text(office, "name", "销售中心");
	err = record_keep(c, office);
	demo->office = record_id(office);
	return err;
}

static int skills_make(Call *c, Demo *demo)
{
	for (int i = 0; i < DEMO_SKILLS; i++) {
		Record *r = record_new(c, meta_object_of(c, "skill"));
		record_set_text(r, "name", skills[i].name);
		record_set_text(r, "kind", skills[i].kind);
		record_set_text(r, "keywords", skills[i].keywords);
		int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
		if (err < 0)
			return err;
		demo->skill[i] = record_id(r);
	}
	return 0;
}

static int source_make(Call *c, const DemoSource *source, Id *ret)
{
	ROWS rows = NULL;
	Record *r;
	int err = db_query(c->tx, &rows, "SELECT id FROM source WHERE key = $1", value_text(source->key));
	if (err < 0 || (err = first_of(c, "source", rows, &r)) < 0)
		return err;
	record_set_text(r, "name", source->name);
	record_set_text(r, "key", source->key);
	record_set_text(r, "kind", source->kind);
	record_set_text(r, "grade", source->grade);
	record_set_int(r, "weight", source->weight);
	err = record_keep(c, r);
	*ret = record_id(r);
	return err;
}

static int sources_make(Call *c, Demo *demo)
{
	int err = 0;
	for (int i = 0; i < DEMO_SOURCES && err == 0; i++)
		err = source_make(c, &sources[i], &demo->source[i]);
	return err;
}

static int territory_make(Call *c, int team, Id *ret)
{
	Record *r = record_new(c, meta_object_of(c, "territory"));
	record_set_text(r, "name", talloc_asprintf(c, "%s区域", team_names[team]));
	record_set_text(r, "codes", demo_area(team));
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	*ret = record_id(r);
	return err;
}

static const char *id_list(Call *c, const Id *ids, int n)
{
	char id[ID_TEXT_SIZE];
	char *list = talloc_strdup(c, "[");
	for (int i = 0; i < n; i++)
		list = talloc_asprintf_append(list, "%s\"%s\"", i ? "," : "", id_text(ids[i], id));
	return talloc_asprintf_append(list, "]");
}

/* Two product lines each; every team covers all of them. The last of each team works the late shift. */
static void person_fill(Call *c, Demo *demo, Record *r, int team, int nth)
{
	Id mine[2] = {demo->skill[(nth * 2) % 4], demo->skill[(nth * 2 + 1) % DEMO_SKILLS]};
	record_set_text(r, "name", demo_person(c, &demo->dice));
	record_set_text(r, "login", talloc_asprintf(c, "s%d%d", team + 1, nth + 1));
	record_set_text(r, "role", nth == 0 ? "supervisor" : "salesperson");
	record_set_text(r, "phone", demo_phone(c, &demo->dice));
	record_set_text(r, "skills", id_list(c, mine, 2));
	record_set_ref(r, "calendar", nth == 4 ? demo->late : demo->day);
	record_set_int(r, "weight", 8 + (int64_t)dice_roll(&demo->dice, 5));
	record_set_ref(r, "team", demo->team[team].id);
}

static int person_make(Call *c, Demo *demo, int team, int nth, Id territory)
{
	DemoTeam *t = &demo->team[team];
	Record *r = record_new(c, meta_object_of(c, "user"));
	person_fill(c, demo, r, team, nth);
	record_set_text(r, "territories", id_list(c, &territory, 1));
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	if (err < 0)
		return err;
	t->member[t->n_members++] = record_id(r);
	return gate_password_set(c, record_id(r), demo->password_hash, false);
}

static int team_lead_set(Call *c, DemoTeam *t)
{
	Record *team;
	int err = record_load_any(c, "team", t->id, &team);
	if (err < 0)
		return err;
	record_set_ref(team, "head", t->member[0]);
	record_set_ref(team, "deputy", t->member[1]);
	return record_update(c, team, RECORD_AS_HOUSE | RECORD_QUIET);
}

static int team_make(Call *c, Demo *demo, int team)
{
	DemoTeam *t = &demo->team[team];
	Record *r = record_new(c, meta_object_of(c, "team"));
	record_set_text(r, "name", team_names[team]);
	record_set_text(r, "province", team_provinces[team]);
	record_set_ref(r, "calendar", demo->day);
	record_set_ref(r, "parent", demo->office);
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	if (err < 0)
		return err;
	t->id = record_id(r);
	t->name = team_names[team];
	Id territory;
	if ((err = territory_make(c, team, &territory)) < 0)
		return err;
	for (int nth = 0; nth < DEMO_PEOPLE / DEMO_TEAMS; nth++)
		if ((err = person_make(c, demo, team, nth, territory)) < 0)
			return err;
	return team_lead_set(c, t);
}

/* Leads go to whoever sells in their region; the rest waits in the national pool. */
static int policy_make(Call *c, Demo *demo)
{
	Id teams[DEMO_TEAMS];
	int64_t version;
	for (int i = 0; i < DEMO_TEAMS; i++)
		teams[i] = demo->team[i].id;
	ROWS rows = NULL;
	Record *r;
	int err = db_query(c->tx, &rows, "SELECT id FROM pool ORDER BY created_at, id LIMIT 1");
	if (err < 0 || (err = first_of(c, "pool", rows, &r)) < 0)
		return err;
	record_set_text(r, "name", "全国线索池");
	record_set_text(r, "teams", id_list(c, teams, DEMO_TEAMS));
	record_set_text(r, "note", "按区域和产品线分配，无人符合时在此等待领取");
	if ((err = record_keep(c, r)) < 0)
		return err;
	demo->pool = record_id(r);
	Policy policy = policy_default(demo->pool);
	return policy_save(c, &policy, "按区域与产品线分配", &version);
}

int demo_people(Call *c, Demo *demo)
{
	int err = calendars_make(c, demo);
	if (err == 0)
		err = office_make(c, demo);
	if (err == 0)
		err = skills_make(c, demo);
	if (err == 0)
		err = sources_make(c, demo);
	for (int team = 0; team < DEMO_TEAMS && err == 0; team++)
		err = team_make(c, demo, team);
	return err < 0 ? err : policy_make(c, demo);
}

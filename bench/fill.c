/* Fills a data folder for the benchmarks: people who work round the clock in the provinces that load.c sends leads
 * from, and leads that were touched long ago. Everything is written as the house itself writes it.
 *
 * Usage: fill DIR [--leads N] [--people N] [--database URL] */
#include "bench/company.h"
#include "bench/house.h"
#include "base/clock.h"
#include "modules/lead/policy.h"
#include "record/record.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEAM_PEOPLE 50
#define TEAMS_MAX 200
#define STEP 1000 /* records of one transaction */
#define YEAR_MS (365 * DAY_MS)

typedef struct {
	const char *code, *province, *city;
} Place;

static const Place places[] = {{"44", "广东省", "深圳市"}, {"31", "上海市", "上海市"}, {"32", "江苏省", "苏州市"},
	{"33", "浙江省", "杭州市"}, {"51", "四川省", "成都市"}, {"42", "湖北省", "武汉市"}, {"37", "山东省", "青岛市"},
	{"11", "北京市", "北京市"}};

typedef struct {
	Id person, team;
} Member;

typedef struct {
	int leads, people, n_teams, from, to;
	Id calendar, source, pool, team[TEAMS_MAX], territory[ARRAY_LEN(places)];
	Member *member;
	Dice dice;
	int64_t now_ms;
} Fill;

static int keep(Call *c, Record *r, Id *ret)
{
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	*ret = record_id(r);
	return err;
}

static const char *list_of(Call *c, const Id *ids, int n)
{
	char *list = talloc_strdup(c, "[");
	for (int i = 0; i < n; i++)
		list = talloc_asprintf_append(list, "%s\"%s\"", i ? "," : "", id_text(ids[i], (char[ID_TEXT_SIZE]){0}));
	return talloc_asprintf_append(list, "]");
}

static int calendar_make(Call *c, Fill *f)
{
	static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	char *week = talloc_strdup(c, "{");
	for (size_t i = 0; i < ARRAY_LEN(days); i++)
		week = talloc_asprintf_append(week, "%s\"%s\":[[\"00:00\",\"24:00\"]]", i ? "," : "", days[i]);
	Record *r = record_new(c, meta_object_of(c, "calendar"));
	record_set_text(r, "name", "全天");
	record_set_text(r, "week", talloc_asprintf_append(week, "}"));
	return keep(c, r, &f->calendar);
}

static int territories_make(Call *c, Fill *f)
{
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(places) && err == 0; i++) {
		Record *r = record_new(c, meta_object_of(c, "territory"));
		record_set_text(r, "name", places[i].province);
		record_set_text(r, "codes", talloc_asprintf(c, "[%s]", places[i].code));
		err = keep(c, r, &f->territory[i]);
	}
	return err;
}

static int teams_make(Call *c, Fill *f)
{
	int err = 0;
	for (int i = 0; i < f->n_teams && err == 0; i++) {
		Record *r = record_new(c, meta_object_of(c, "team"));
		record_set_text(r, "name", talloc_asprintf(c, "销售 %d 部", i + 1));
		record_set_ref(r, "calendar", f->calendar);
		err = keep(c, r, &f->team[i]);
	}
	return err;
}

static int source_make(Call *c, Fill *f)
{
	Record *r = record_new(c, meta_object_of(c, "source"));
	record_set_text(r, "name", "压测表单");
	record_set_text(r, "key", "bench");
	record_set_int(r, "weight", 80);
	return keep(c, r, &f->source);
}

static int policy_make(Call *c, Fill *f)
{
	int64_t version;
	Record *r = record_new(c, meta_object_of(c, "pool"));
	record_set_text(r, "name", "全国线索池");
	record_set_text(r, "teams", list_of(c, f->team, f->n_teams));
	int err = keep(c, r, &f->pool);
	Policy policy = policy_default(f->pool);
	return err < 0 ? err : policy_save(c, &policy, "bench", &version);
}

static int house_make(Call *c, void *arg)
{
	Fill *f = arg;
	int (*const steps[])(Call *, Fill *) = {calendar_make, territories_make, teams_make, source_make, policy_make};
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(steps) && err == 0; i++)
		err = steps[i](c, f);
	return err;
}

static int people_make(Call *c, void *arg)
{
	Fill *f = arg;
	int err = 0;
	for (int i = f->from; i < f->to && err == 0; i++) {
		int team = i / TEAM_PEOPLE;
		Record *r = record_new(c, meta_object_of(c, "user"));
		record_set_text(r, "name", talloc_asprintf(c, "销售%d", i));
		record_set_text(r, "login", talloc_asprintf(c, "p%d", i));
		record_set_text(r, "role", i % TEAM_PEOPLE == 0 ? "supervisor" : "salesperson");
		record_set_text(r, "territories", list_of(c, &f->territory[(size_t)team % ARRAY_LEN(places)], 1));
		record_set_ref(r, "calendar", f->calendar);
		record_set_ref(r, "team", f->team[team]);
		err = keep(c, r, &f->member[i].person);
		f->member[i].team = f->team[team];
	}
	return err;
}

static void lead_fill(Call *c, Fill *f, Record *r, int i)
{
	static const char *const statuses[] = {"contacting", "qualified", "converted", "invalid"};
	char company[COMPANY_NAME_MAX];
	const Place *place = &places[dice_throw(&f->dice, ARRAY_LEN(places))];
	const Member *owner = &f->member[dice_throw(&f->dice, (uint64_t)f->people)];
	int64_t at = f->now_ms - YEAR_MS + YEAR_MS / f->leads * i;
	company_write(&f->dice, company);
	record_set_text(r, "name", talloc_asprintf(c, "老客户%d", i));
	record_set_text(r, "company", company);
	record_set_text(r, "phone", talloc_asprintf(c, "+86139%08d", i));
	record_set_text(r, "province", place->province);
	record_set_text(r, "city", place->city);
	record_set_text(r, "message", "想了解视觉检测方案，请安排工程师联系。");
	record_set_text(r, "status", statuses[dice_throw(&f->dice, ARRAY_LEN(statuses))]);
	record_set_ref(r, "source", f->source);
	record_set_ref(r, "owner", owner->person);
	record_set_ref(r, "team", owner->team);
	record_set_ref(r, "pool", f->pool);
	record_set_text(r, "clock", "stopped");
	record_set(r, "id", value_id(id_new(at)));
	const char *const times[] = {"created_at", "captured_at", "assigned_at", "first_assigned_at", "first_touch_at",
		"last_touch_at"};
	for (size_t k = 0; k < ARRAY_LEN(times); k++)
		record_set_time(r, times[k], at + (k > 3 ? MINUTE_MS : 0));
}

static int leads_make(Call *c, void *arg)
{
	Fill *f = arg;
	int err = 0;
	for (int i = f->from; i < f->to && err == 0; i++) {
		Id id;
		Record *r = record_new(c, meta_object_of(c, "lead"));
		lead_fill(c, f, r, i);
		err = keep(c, r, &id);
		talloc_free(r);
	}
	return err;
}

static void in_steps(House *house, Fill *f, int n, HouseJob fn)
{
	for (f->from = 0; f->from < n; f->from = f->to) {
		f->to = f->from + STEP < n ? f->from + STEP : n;
		house_write(house, fn, f);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"leads", 1, NULL, 'l'}, {"people", 1, NULL, 'p'}, {"database", 1, NULL, 'd'}, {0}};
	Fill f = {.leads = 1000000, .people = 2000, .dice = {COMPANY_SEED}};
	const char *database = NULL;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l': f.leads = atoi(optarg); break;
		case 'p': f.people = atoi(optarg); break;
		case 'd': database = optarg; break;
		default: return 2;
		}
	f.n_teams = (f.people + TEAM_PEOPLE - 1) / TEAM_PEOPLE;
	if (optind + 1 != argc || f.leads < 1 || f.people < 1 || f.n_teams > TEAMS_MAX) {
		fprintf(stderr, "usage: fill DIR [--leads N] [--people N] [--database URL]\n");
		return 2;
	}
	Workspace *w = house_open(argv[optind], database);
	if (!w)
		return 1;
	int64_t began = clock_monotonic_ms();
	f.now_ms = clock_now_ms(&w->clock);
	f.member = talloc_zero_array(w, Member, (size_t)f.people);
	house_write(&w->house, house_make, &f);
	in_steps(&w->house, &f, f.people, people_make);
	in_steps(&w->house, &f, f.leads, leads_make);
	printf("{\"leads\": %d, \"people\": %d, \"ms\": %lld}\n", f.leads, f.people,
		(long long)(clock_monotonic_ms() - began));
	workspace_close(w);
	return 0;
}

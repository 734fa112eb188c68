/* Half a year of leads that were worked on: each with its owner, what was done, and what came of it. */
#include <stdio.h>
#include <time.h>

#include "app/demo/demo_int.h"

#define PAST_MS (180 * DAY_MS)

/* One lead on its way through the months. */
typedef struct {
	Id id, owner, team;
	int64_t at, touched; /* when it came, when it was first touched */
	int64_t last;        /* last activity */
	int steps;
	const char *status, *name, *company, *phone;
	const Place *place;
	Id source;
} Story;

/* More of them lately; in working hours of a weekday mostly. */
static int64_t moment_of(Demo *demo)
{
	int64_t back = dice_between(&demo->dice, 0, 1000) * dice_between(&demo->dice, 0, 1000) * (PAST_MS / 1000000);
	int64_t at = demo->now_ms - 2 * HOUR_MS - back;
	int64_t shanghai = at + 8 * HOUR_MS;
	int64_t hour = shanghai % DAY_MS / HOUR_MS;
	if (hour < 8 || hour > 20)
		at -= (hour < 8 ? 14 : hour - 12) * HOUR_MS;
	return at;
}

static const char *status_of(Demo *demo, int64_t age_ms)
{
	uint32_t roll = dice_roll(&demo->dice, 100);
	if (age_ms < 5 * DAY_MS)
		return roll < 80 ? "contacting" : roll < 92 ? "qualified" : "invalid";
	return roll < 22 ? "contacting" : roll < 40 ? "qualified" : roll < 70 ? "converted" : "invalid";
}

static Story story_begin(Call *c, Demo *demo)
{
	int team = (int)dice_roll(&demo->dice, DEMO_TEAMS);
	const DemoTeam *t = &demo->team[team];
	Story s = {.at = moment_of(demo), .team = t->id};
	s.owner = t->member[dice_roll(&demo->dice, (uint32_t)t->n_members)];
	s.place = demo_place(&demo->dice, team);
	s.name = demo_person(c, &demo->dice);
	s.company = demo_company(c, &demo->dice, s.place);
	s.phone = demo_phone(c, &demo->dice);
	s.source = demo->source[dice_roll(&demo->dice, DEMO_SOURCES)];
	s.status = status_of(demo, demo->now_ms - s.at);
	int64_t wait =
		dice_chance(&demo->dice, 85) ? dice_between(&demo->dice, 20, 290) : dice_between(&demo->dice, 300, 5000);
	s.touched = s.at + wait * SECOND_MS;
	s.steps = 1 + (int)dice_roll(&demo->dice, 4);
	s.last = s.touched;
	return s;
}

static void lead_texts(Call *c, Demo *demo, Record *r, const Story *s)
{
	record_set_text(r, "name", s->name);
	record_set_text(r, "company", s->company);
	record_set_text(r, "phone", s->phone);
	if (dice_chance(&demo->dice, 40))
		record_set_text(r, "email", demo_mail_name(c, &demo->dice));
	record_set_text(r, "province", s->place->province);
	record_set_text(r, "city", s->place->city);
	bool told_district = dice_chance(&demo->dice, 35); /* most forms ask for province and city only */
	if (told_district)
		record_set_text(r, "district", s->place->district);
	record_set(r, "region", value_int(told_district ? s->place->region : s->place->region / 100));
	record_set_text(r, "message", demo_message(c, &demo->dice));
	record_set_text(r, "status", s->status);
	record_set_ref(r, "source", s->source);
}

/* At a half hour of a working day in China, from yesterday to next week. */
static int64_t follow_up_of(Demo *demo)
{
	int64_t midnight = (demo->now_ms + 8 * HOUR_MS) / DAY_MS * DAY_MS - 8 * HOUR_MS;
	int64_t day = midnight + dice_between(&demo->dice, -1, 7) * DAY_MS;
	int64_t weekday =
		(day / DAY_MS + 4) % 7; /* 1970-01-01 was a Thursday; the day begins at 16:00 UTC the day before */
	if (weekday >= 5)
		day += 2 * DAY_MS;
	return day + dice_between(&demo->dice, 18, 35) * 30 * MINUTE_MS;
}

static void lead_times(Demo *demo, Record *r, const Story *s)
{
	record_set_time(r, "created_at", s->at);
	record_set_time(r, "captured_at", s->at);
	record_set_time(r, "assigned_at", s->at + SECOND_MS);
	record_set_time(r, "first_assigned_at", s->at + SECOND_MS);
	record_set_time(r, "first_touch_at", s->touched);
	record_set_time(r, "last_touch_at", s->last);
	record_set_int(r, "touches", s->steps);
	record_set_text(r, "clock", "stopped");
	record_set_int(r, "score", 20 + (int64_t)dice_roll(&demo->dice, 75));
	if (s->status[0] == 'c' && s->status[3] == 't') /* contacting */
		record_set_time(r, "next_follow_up_at", follow_up_of(demo));
}

static int lead_make(Call *c, Demo *demo, Story *s)
{
	static const char *const reasons[] = {"预算取消", "已选其他供应商", "联系不上", "个人咨询，无采购意向", "区域外"};
	Record *r = record_new(c, meta_object_of(c, "lead"));
	lead_texts(c, demo, r, s);
	lead_times(demo, r, s);
	record_set_ref(r, "owner", s->owner);
	record_set_ref(r, "team", s->team);
	record_set_ref(r, "pool", demo->pool);
	if (s->status[0] == 'i')
		record_set_text(r, "invalid_reason", dice_pick(&demo->dice, reasons));
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	s->id = record_id(r);
	return err;
}

static int activity_make(Call *c, Demo *demo, const Story *s, int step, int64_t at)
{
	const char *method;
	const char *summary = demo_summary(c, &demo->dice, step, &method);
	Record *r = record_new(c, meta_object_of(c, "activity"));
	record_set_text(r, "kind", method);
	record_set_text(r, "summary", summary);
	record_set_time(r, "at", at);
	record_set_time(r, "created_at", at);
	record_set_ref(r, "lead", s->id);
	record_set_ref(r, "owner", s->owner);
	record_set_ref(r, "team", s->team);
	record_set(r, "first_touch", value_bool(step == 0));
	return record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
}

/* When each step was done: the first touch, then some days apart, never in the future. */
static int64_t step_time(Demo *demo, const Story *s, int step)
{
	if (step == 0)
		return s->touched;
	int64_t room = demo->now_ms - HOUR_MS - s->touched;
	return room <= 0 ? s->touched : s->touched + (room < 40 * DAY_MS ? room : 40 * DAY_MS) * step / s->steps;
}

/* ---- what a converted lead became ---- */

static int account_make(Call *c, Demo *demo, const Story *s, Id *ret)
{
	Record *r = record_new(c, meta_object_of(c, "account"));
	record_set_text(r, "name", s->company);
	record_set_text(r, "province", s->place->province);
	record_set_text(r, "city", s->place->city);
	record_set_text(r, "level", dice_chance(&demo->dice, 20) ? "key" : "normal");
	record_set_ref(r, "owner", s->owner);
	record_set_ref(r, "team", s->team);
	record_set_ref(r, "source", s->source);
	record_set_ref(r, "lead", s->id);
	record_set_time(r, "created_at", s->last);
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	*ret = record_id(r);
	return err;
}

static int contact_make(Call *c, const Story *s, Id account, Id *ret)
{
	Record *r = record_new(c, meta_object_of(c, "contact"));
	record_set_text(r, "name", s->name);
	record_set_text(r, "phone", s->phone);
	record_set_ref(r, "account", account);
	record_set_ref(r, "owner", s->owner);
	record_set_ref(r, "team", s->team);
	record_set_time(r, "created_at", s->last);
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	*ret = record_id(r);
	return err;
}

static int opportunity_make(Call *c, Demo *demo, const Story *s, Id account, Id contact, Id *ret)
{
	static const char *const stages[] = {"contact",     "needs", "needs", "proposal", "proposal",
	                                     "negotiation", "won",   "won",   "lost"};
	static const char *const goods[] = {"视觉检测项目", "运动控制升级",   "协作机器人工作站",
	                                    "MES 一期",     "自动上下料改造", "分拣线新建"};
	char day[16];
	time_t soon = (time_t)((demo->now_ms + dice_between(&demo->dice, 3, 90) * DAY_MS) / 1000);
	struct tm date;
	gmtime_r(&soon, &date);
	strftime(day, sizeof day, "%Y-%m-%d", &date);
	Record *r = record_new(c, meta_object_of(c, "opportunity"));
	record_set_text(r, "name", talloc_asprintf(c, "%s %s", s->place->short_name, dice_pick(&demo->dice, goods)));
	record_set_ref(r, "account", account);
	record_set_ref(r, "contact", contact);
	record_set(r, "amount", value_decimal(dice_between(&demo->dice, 30, 2400) * 1000 * 10000, 4));
	record_set_text(r, "stage", dice_pick(&demo->dice, stages));
	record_set_text(r, "expected_on", day);
	record_set_ref(r, "owner", s->owner);
	record_set_ref(r, "team", s->team);
	record_set_ref(r, "lead", s->id);
	record_set_time(r, "created_at", s->last);
	int err = record_create(c, r, RECORD_AS_HOUSE | RECORD_QUIET);
	*ret = record_id(r);
	return err;
}

static int story_convert(Call *c, Demo *demo, const Story *s)
{
	Id account, contact, opportunity;
	int err = account_make(c, demo, s, &account);
	if (err < 0 || (err = contact_make(c, s, account, &contact)) < 0 ||
	    (err = opportunity_make(c, demo, s, account, contact, &opportunity)) < 0)
		return err;
	Record *lead;
	if ((err = record_load_any(c, "lead", s->id, &lead)) < 0)
		return err;
	record_set_ref(lead, "converted_account", account);
	record_set_ref(lead, "converted_contact", contact);
	record_set_ref(lead, "converted_opportunity", opportunity);
	return record_update(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
}

static int story_tell(Call *c, Demo *demo)
{
	Story s = story_begin(c, demo);
	s.last = step_time(demo, &s, s.steps - 1);
	int err = lead_make(c, demo, &s);
	for (int step = 0; step < s.steps && err == 0; step++)
		err = activity_make(c, demo, &s, step, step_time(demo, &s, step));
	bool converted = s.status[0] == 'c' && s.status[3] == 'v';
	return err == 0 && converted ? story_convert(c, demo, &s) : err;
}

int demo_leads(Call *c, Demo *demo, int from, int to)
{
	int err = 0;
	for (int i = from; i < to && err == 0; i++)
		err = story_tell(c, demo);
	return err;
}

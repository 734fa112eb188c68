/* What the files of the demo share. */
#pragma once

#include "call/call.h"
#include "record/record.h"

#define DEMO_TEAMS 6
#define DEMO_PEOPLE 30
#define DEMO_SOURCES 8
#define DEMO_SKILLS 6
#define DEMO_LEADS 4970
#define DEMO_FRESH 30

/* A small generator with a fixed seed: the same company every time. */
typedef struct {
	uint64_t state;
} Dice;

uint32_t dice_roll(Dice *dice, uint32_t sides); /* 0 .. sides-1 */
bool dice_chance(Dice *dice, uint32_t percent);
int64_t dice_between(Dice *dice, int64_t from, int64_t to);
#define dice_pick(dice, list) ((list)[dice_roll((dice), ARRAY_LEN(list))])

/* A place the company sells in. */
typedef struct {
	const char *province, *city, *district, *short_name;
	int32_t region;
} Place;

typedef struct {
	Id id, head;
	const char *name;
	Id member[8];
	int n_members;
} DemoTeam;

typedef struct Demo {
	House *house;
	Dice dice;
	const char *password_hash;
	int64_t now_ms;
	Id day, late; /* calendars */
	Id skill[DEMO_SKILLS];
	Id source[DEMO_SOURCES];
	Id pool, office; /* the national pool; the team above all */
	DemoTeam team[DEMO_TEAMS];
} Demo;

/* words.c: what people, companies and enquiries are called. Texts live in ctx. */
const char *demo_person(TALLOC_CTX *ctx, Dice *dice);
const char *demo_company(TALLOC_CTX *ctx, Dice *dice, const Place *place);
const char *demo_phone(TALLOC_CTX *ctx, Dice *dice);
const char *demo_message(TALLOC_CTX *ctx, Dice *dice);
const char *demo_summary(TALLOC_CTX *ctx, Dice *dice, int step, const char **ret_method);
const char *demo_mail_name(TALLOC_CTX *ctx, Dice *dice);
/* A place in the area of one team. */
const Place *demo_place(Dice *dice, int team);
/* Administrative codes of a team's area as a JSON list. */
const char *demo_area(int team);

/* people.c: teams, people, skills, territories, sources, pool, policy. */
NODISCARD int demo_people(Call *c, Demo *demo);
/* leads.c: leads that were worked on, with what was done; `from` to `to` of DEMO_LEADS. */
NODISCARD int demo_leads(Call *c, Demo *demo, int from, int to);
/* fresh.c: a few untouched leads, taken in the real way. */
NODISCARD int demo_fresh(Call *c, Demo *demo);

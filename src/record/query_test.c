/* Lists: every order pages through all rows once, the same on both engines; filters, searches, cursors, the row
 * rule. */
#include "record/record_world.h"

#include "base/limits.h"
#include <string.h>

static int list(World *w, const Identity *who, const char *params, Ask *ask)
{
	*ask = (Ask){.params = params};
	return world_ask(w, who, "GET", "/records/:object", ask);
}

static size_t list_size(World *w, const Identity *who, const char *params)
{
	Ask ask;
	CHECK_INT(list(w, who, params, &ask), 0);
	return json_array_size(json_object_get(ask.json, "items"));
}

/* --- paging --- */

typedef struct {
	const char *sort;
	int limit, n;
	Record **rows; /* all, in the order of the pages */
	TALLOC_CTX *mem;
} Walk;

static int walk(Call *c, void *arg)
{
	Walk *k = arg;
	RecordQuery q = {.object = "lead", .sort = k->sort, .limit = k->limit};
	k->n = 0;
	do {
		RecordPage page;
		CHECK_INT(record_query(c, &q, &page), 0);
		CHECK(page.n == k->limit || page.next == NULL);
		for (int i = 0; i < page.n; i++)
			k->rows[k->n++] = page.items[i];
		talloc_steal(k->mem, page.items);
		q.after = page.next;
	} while (q.after != NULL);
	return 0;
}

static int compare_values(const Value *a, const Value *b)
{
	if (a->type == VALUE_TEXT)
		return strcmp(a->text, b->text);
	if (a->type == VALUE_ID)
		return id_compare(a->id, b->id);
	return (a->i > b->i) - (a->i < b->i);
}

/* What an order says of two rows: below zero if the first comes first; blanks last. */
static int compare_rows(const Record *a, const Record *b, const char *sort)
{
	char **keys = g_strsplit(sort, ",", -1);
	int result = 0;
	for (int i = 0; keys[i] != NULL && result == 0; i++) {
		bool down = keys[i][0] == '-';
		const Value *x = record_get(a, keys[i] + down), *y = record_get(b, keys[i] + down);
		if (value_is_null(x) || value_is_null(y))
			result = value_is_null(x) - value_is_null(y);
		else
			result = down ? -compare_values(x, y) : compare_values(x, y);
	}
	if (result == 0)
		result = (sort[0] == '-' ? -1 : 1) * id_compare(record_id(a), record_id(b));
	g_strfreev(keys);
	return result;
}

typedef struct {
	GRand *rand;
	Id owner;
} MakeLeads;

static int make_leads(Call *c, void *arg)
{
	static const char *const cities[] = {"上海", "杭州", "Beijing", "beijing", NULL};
	const MakeLeads *make = arg;
	GRand *rand = make->rand;
	for (int i = 0; i < 137; i++) {
		Record *r = record_new(c, meta_object_of(c, "lead"));
		record_set_ref(r, "owner", make->owner);
		record_set_text(r, "city", cities[g_rand_int_range(rand, 0, 5)]);
		record_set_int(r, "score", g_rand_int_range(rand, 0, 4));
		if (g_rand_boolean(rand))
			record_set_time(r, "next_follow_up_at", 1700000000000 + g_rand_int_range(rand, 0, 5));
		if (g_rand_boolean(rand))
			record_set(r, "longitude", value_decimal(g_rand_int_range(rand, -3, 3), 6));
		if (g_rand_boolean(rand))
			record_set(r, "consent", value_null());
		record_set_time(r, "created_at", 1700000000000 + g_rand_int_range(rand, 0, 20));
		CHECK_INT(record_create(c, r, RECORD_AS_HOUSE), 0);
	}
	return 0;
}

static void pages_through_any_order(World *w)
{
	static const char *const sorts[] = {"-created_at", "created_at", "city", "-city", "-city,score,next_follow_up_at",
		"next_follow_up_at,-score", "-next_follow_up_at,city", "longitude", "-longitude,-created_at", "id", "-id",
			"consent,city",
		"version,-score", "score,id,city"};
	GRand *rand = g_rand_new_with_seed((guint32)g_test_rand_int());
	Identity zhang = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL);
	MakeLeads made = {rand, zhang.user};
	CHECK_INT(world_write(w, NULL, make_leads, &made, NULL), 0);
	/* Who sees all may be led by another index than who sees what is his own. */
	for (size_t i = 0; i < 2 * ARRAY_LEN(sorts); i++) {
		const Identity *who = i % 2 ? &zhang : NULL;
		Walk k = {.sort = sorts[i / 2], .limit = g_rand_int_range(rand, 1, 60), .mem = talloc_new(w)};
		k.rows = talloc_array(k.mem, Record *, 1000);
		CHECK_INT(world_read(w, who, walk, &k, NULL), 0);
		CHECK_INT(k.n, 137);
		for (int row = 1; row < k.n; row++)
			CHECK_INT(compare_rows(k.rows[row - 1], k.rows[row], sorts[i / 2]) < 0, 1);
		talloc_free(k.mem);
	}
	g_rand_free(rand);
}

TEST(query, pages_through_any_order)
{
	world_each(pages_through_any_order);
}

static void refuses_forged_cursors(World *w)
{
	Ask ask;
	for (int i = 0; i < 3; i++)
		(void)world_make(w, "account", "{\"name\":\"a\"}");
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"limit\":2}", &ask), 0);
	char *next = talloc_strdup(w, json_text(ask.json, "next"));
	CHECK_INT(list(w, &world_admin, talloc_asprintf(w, "{\"object\":\"account\",\"limit\":2,\"after\":\"%s\"}", next),
		&ask), 0);
	CHECK_INT(json_array_size(json_object_get(ask.json, "items")), 1);
	CHECK(json_is_null(json_object_get(ask.json, "next")));
	const char *wrong[] = {
		talloc_asprintf(w, "{\"object\":\"account\",\"sort\":\"created_at\",\"after\":\"%s\"}", next),
		talloc_asprintf(w, "{\"object\":\"contact\",\"after\":\"%s\"}", next),
		"{\"object\":\"account\",\"after\":\"AAAA\"}", "{\"object\":\"account\",\"after\":\"%%%\"}",
		talloc_asprintf(w, "{\"object\":\"account\",\"after\":\"%sAA\"}", next),
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		CHECK_INT(list(w, &world_admin, wrong[i], &ask), ERR_INVALID);
		CHECK_TEXT(ask.code, "bad_cursor");
	}
	for (size_t i = 0; i < strlen(next); i++) {
		char was = next[i];
		next[i] = was == 'A' ? 'B' : 'A';
		CHECK_INT(list(w, &world_admin, talloc_asprintf(w, "{\"object\":\"account\",\"after\":\"%s\"}", next), &ask),
			ERR_INVALID);
		next[i] = was;
	}
}

TEST(query, refuses_forged_cursors)
{
	world_each(refuses_forged_cursors);
}

/* --- filter, search, count --- */

static void filters_and_searches(World *w)
{
	Ask ask;
	(void)world_make(w, "account", "{\"name\":\"华信 100%_Co\",\"city\":\"上海\",\"phone\":\"+8613800000001\"}");
	(void)world_make(w, "account", "{\"name\":\"华信软件\",\"city\":\"杭州\"}");
	(void)world_make(w, "account", "{\"name\":\"Acme\"}");
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"filter\":\"city = \\\"上海\\\"\"}"), 1);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"filter\":\"city IN (\\\"上海\\\", \\\"杭州\\\")\"}"),
		2);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"search\":\"华信\"}"), 2);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"search\":\"%_c\"}"), 1);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"search\":\"%\"}"), 1);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"search\":\"\\\\\"}"), 0);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"search\":\"aCME\"}"), 1);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"search\":\"00000001\"}"), 1);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"filter\":\"city = \"}", &ask), ERR_INVALID);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"filter\":\"nonsense = 1\"}", &ask), ERR_INVALID);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"filter\":\"city\"}", &ask), ERR_INVALID);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"sort\":\"nonsense\"}", &ask), ERR_INVALID);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"sort\":\"note\"}", &ask), ERR_INVALID);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"lead\",\"sort\":\"holders\"}", &ask), ERR_INVALID);
	CHECK_INT(list(w, &world_admin, "{\"object\":\"account\",\"sort\":\"name,name\"}", &ask), ERR_INVALID);
}

TEST(query, filters_and_searches)
{
	world_each(filters_and_searches);
}

static int count_bounded(Call *c, void *arg)
{
	int64_t *n = arg;
	RecordQuery q = {.object = "account"};
	return record_count(c, &q, 2, n);
}

static void counts_and_keeps_the_bin_apart(World *w)
{
	Ask ask;
	int64_t n = 0;
	Id id = ID_NIL;
	for (int i = 0; i < 3; i++)
		id = world_make(w, "account", "{\"name\":\"a\"}");
	CHECK_INT(world_read(w, NULL, count_bounded, &n, NULL), 0);
	CHECK_INT(n, 2);
	CHECK_INT(world_act(w, &world_admin, "DELETE", "/records/:object/:id", "account", id, &ask), 0);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\"}"), 2);
	CHECK_INT(list_size(w, &world_admin, "{\"object\":\"account\",\"bin\":true}"), 1);
	ask = (Ask){.params = "{\"object\":\"account\"}"};
	CHECK_INT(world_ask(w, &world_admin, "GET", "/count/:object", &ask), 0);
	CHECK_INT(json_int(ask.json, "count", -1), 2);
	CHECK(json_is_false(json_object_get(ask.json, "more")));
}

TEST(query, counts_and_keeps_the_bin_apart)
{
	world_each(counts_and_keeps_the_bin_apart);
}

/* --- the row rule: SQL and memory say the same --- */

typedef struct {
	World *w;
	Id ids[200];
	int n;
	int seen;
} Expected;

static int compare_rules(Call *c, void *arg)
{
	Expected *rows = arg;
	RecordPage page;
	RecordQuery q = {.object = "lead", .limit = LIMIT_PAGE};
	CHECK_INT(record_query(c, &q, &page), 0);
	rows->seen = page.n;
	for (int i = 0; i < rows->n; i++) {
		bool listed = false;
		for (int k = 0; k < page.n && !listed; k++)
			listed = id_equal(record_id(page.items[k]), rows->ids[i]);
		Record *r = NULL;
		CHECK_INT(record_load_any(c, "lead", rows->ids[i], &r), 0);
		CHECK_INT(access_check(c, r) == 0, listed);
	}
	return 0;
}

static const char *quoted(World *w, Id id)
{
	char text[ID_TEXT_SIZE];
	return id_is_nil(id) ? "null" : talloc_asprintf(w, "\"%s\"", id_text(id, text));
}

static Id team_make(World *w, const char *name, Id parent)
{
	return world_make(w, "team", talloc_asprintf(w, "{\"name\":\"%s\",\"parent\":%s}", name, quoted(w, parent)));
}

static void team_set(World *w, Id team, const char *field, Id id)
{
	Ask ask = {0};
	CHECK_INT(world_patch(w, &world_admin, "team", team, talloc_asprintf(w, "{\"%s\":%s}", field, quoted(w, id)),
		&ask), 0);
}

static Id lead_make(World *w, Id owner, Id team, Id pool)
{
	return world_make(w, "lead", talloc_asprintf(w, "{\"owner\":%s,\"team\":%s,\"pool\":%s}", quoted(w, owner),
		quoted(w, team),
	                                             quoted(w, pool)));
}

static void shows_rows_by_role(World *w)
{
	Id east = team_make(w, "east", ID_NIL), shanghai = team_make(w, "shanghai", east), west = team_make(w, "west",
		ID_NIL);
	Identity boss = world_person(w, "boss", ROLE_SUPERVISOR, east), stand_in = world_person(w, "standin",
		ROLE_SUPERVISOR, west),
		zhang = world_person(w, "zhang", ROLE_SALESPERSON, shanghai), li = world_person(w, "li", ROLE_SALESPERSON,
			west),
		wang = world_person(w, "wang", ROLE_SALESPERSON, west);
	team_set(w, east, "head", boss.user);
	team_set(w, shanghai, "deputy", stand_in.user);
	Id by_team = world_make(w, "pool", talloc_asprintf(w, "{\"name\":\"p1\",\"teams\":[%s]}", quoted(w, shanghai)));
	Id by_member = world_make(w, "pool", talloc_asprintf(w, "{\"name\":\"p2\",\"members\":[%s]}", quoted(w, li.user)));
	Id owners[] = {ID_NIL, zhang.user, li.user, boss.user}, teams[] = {ID_NIL, east, shanghai, west};
	Id pools[] = {ID_NIL, by_team, by_member};
	Expected rows = {.w = w};
	for (size_t o = 0; o < ARRAY_LEN(owners); o++)
		for (size_t t = 0; t < ARRAY_LEN(teams); t++)
			for (size_t p = 0; p < ARRAY_LEN(pools); p++)
				rows.ids[rows.n++] = lead_make(w, owners[o], teams[t], pools[p]);
	const Identity *people[] = {&zhang, &li, &wang, &boss, &stand_in, &world_admin};
	/* zhang: own 12, unowned in the pool of the team 4. li: own 12, unowned in the pool of the members 4. wang:
	 * nothing. boss: two teams 24; of the rest (nobody's team or west) zhang's and the boss's own 12, unowned in
	 * their pool 2. stand_in: shanghai 12; of the rest zhang's 9, unowned in its pool 3. */
	const int expected[] = {16, 16, 0, 38, 24, 48};
	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		CHECK_INT(world_read(w, people[i], compare_rules, &rows, NULL), 0);
		CHECK_INT(rows.seen, expected[i]);
	}
}

TEST(access, shows_rows_by_role)
{
	world_each(shows_rows_by_role);
}

static int load_and_see(Call *c, void *arg)
{
	const Id *ids = arg; /* former owner, team, pool */
	Access *a;
	CHECK_INT(access_load(c, c, &a), 0);
	CHECK(!access_sees(a, ID_NIL, ID_NIL, ID_NIL, ID_NIL));
	CHECK(access_sees(a, ID_NIL, ids[0], ID_NIL, ID_NIL)); /* who had it hears that it went */
	CHECK(access_sees(a, ids[0], ID_NIL, ID_NIL, ID_NIL));
	CHECK_INT(access_sees(a, ids[1], ID_NIL, ID_NIL, ids[2]), 0); /* in the pool, but somebody has it */
	CHECK(access_sees(a, ID_NIL, ID_NIL, ID_NIL, ids[2]));
	return 0;
}

static void listeners_hear_of_what_they_had(World *w)
{
	Identity zhang = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL), li = world_person(w, "li", ROLE_SALESPERSON,
		ID_NIL);
	Id pool = world_make(w, "pool", talloc_asprintf(w, "{\"name\":\"p\",\"members\":[%s]}", quoted(w, zhang.user)));
	Id ids[] = {zhang.user, li.user, pool};
	CHECK_INT(world_read(w, &zhang, load_and_see, ids, NULL), 0);
}

TEST(access, listeners_hear_of_what_they_had)
{
	world_each(listeners_hear_of_what_they_had);
}

static void teams_in_a_circle_end(World *w)
{
	Id a = team_make(w, "a", ID_NIL), b = team_make(w, "b", a);
	Identity boss = world_person(w, "boss", ROLE_SUPERVISOR, a);
	team_set(w, a, "parent", b);
	team_set(w, a, "head", boss.user);
	Expected rows = {.w = w};
	rows.ids[rows.n++] = lead_make(w, ID_NIL, b, ID_NIL);
	CHECK_INT(world_read(w, &boss, compare_rules, &rows, NULL), 0);
	CHECK_INT(rows.seen, 1);
}

TEST(access, teams_in_a_circle_end)
{
	world_each(teams_in_a_circle_end);
}

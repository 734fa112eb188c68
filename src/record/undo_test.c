/* Undo: the exact row back, refused with names when something came after, bulk edits as one. */
#include "record/record_world.h"

#include <stdlib.h>
#include <string.h>

static int undo(World *w, const Identity *who, const char *change, Ask *ask)
{
	*ask = (Ask){.params = talloc_asprintf(w, "{\"id\":\"%s\"}", change)};
	return world_ask(w, who, "POST", "/changes/:id/undo", ask);
}

static const char *change_of(const Ask *ask)
{
	const char *change = json_text(ask->json, "_change");
	return change != NULL ? change : json_text(ask->json, "change");
}

static void gives_back_each_kind(World *w)
{
	Ask ask = {0}, undone;
	CHECK_INT(world_post(w, &world_admin, "account", "{\"name\":\"a\",\"city\":\"上海\"}", &ask), 0);
	Id id = json_id(ask.json, "id");
	const char *created = change_of(&ask);
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"city\":null,\"level\":\"key\"}", &ask), 0);
	CHECK_INT(undo(w, &world_admin, change_of(&ask), &undone), 0);
	const char *undo_change = change_of(&undone);
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), 0);
	CHECK_TEXT(json_text(ask.json, "city"), "上海");
	CHECK(json_is_null(json_object_get(ask.json, "level")));
	CHECK_INT(undo(w, &world_admin, undo_change, &undone), 0); /* undo of an undo */
	const char *redo_change = change_of(&undone);
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), 0);
	CHECK_TEXT(json_text(ask.json, "level"), "key");
	CHECK_INT(undo(w, &world_admin, redo_change, &undone), 0);
	CHECK_INT(world_act(w, &world_admin, "DELETE", "/records/:object/:id", "account", id, &ask), 0);
	CHECK_INT(undo(w, &world_admin, change_of(&ask), &undone), 0);
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), 0);
	/* All later edits were taken back, so nothing stands in the way of the beginning. */
	CHECK_INT(undo(w, &world_admin, created, &undone), 0);
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), ERR_NOT_FOUND);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM change WHERE undoes IS NOT NULL"), 5);
}

TEST(undo, gives_back_each_kind)
{
	world_each(gives_back_each_kind);
}

static void names_what_stands_in_the_way(World *w)
{
	Ask ask = {0}, undone, later = {0};
	Identity li = world_person(w, "li", ROLE_ADMINISTRATOR, ID_NIL);
	Id id = world_make(w, "account", "{\"name\":\"a\",\"city\":\"x\"}");
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"city\":\"y\"}", &ask), 0);
	CHECK_INT(world_patch(w, &li, "account", id, "{\"city\":\"z\"}", &later), 0);
	int64_t changes = world_count(w, "SELECT COUNT(*) FROM change");
	CHECK_INT(undo(w, &world_admin, change_of(&ask), &undone), ERR_CONFLICT);
	CHECK_TEXT(undone.code, "changed_since");
	CHECK(strstr(undone.detail, "City") != NULL && strstr(undone.detail, "li") != NULL);
	CHECK(strstr(undone.detail, change_of(&later)) != NULL);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM change"), changes); /* refused: nothing was written */
	CHECK_INT(undo(w, &world_admin, change_of(&later), &undone), 0);
	CHECK_INT(undo(w, &world_admin, change_of(&ask), &undone), 0);
	CHECK_INT(undo(w, &world_admin, change_of(&ask), &undone), ERR_CONFLICT); /* twice */
	CHECK_INT(undo(w, &world_admin, "01890a5d-ac96-774b-bcce-b302099a8057", &undone), ERR_NOT_FOUND);
}

TEST(undo, names_what_stands_in_the_way)
{
	world_each(names_what_stands_in_the_way);
}

static void lets_other_fields_alone(World *w)
{
	Ask ask = {0}, undone;
	Id id = world_make(w, "account", "{\"name\":\"a\",\"city\":\"x\"}");
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"city\":\"y\"}", &ask), 0);
	const char *change = change_of(&ask);
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"b\"}", &ask), 0);
	CHECK_INT(undo(w, &world_admin, change, &undone), 0);
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), 0);
	CHECK_TEXT(json_text(ask.json, "city"), "x");
	CHECK_TEXT(json_text(ask.json, "name"), "b");
}

TEST(undo, lets_other_fields_alone)
{
	world_each(lets_other_fields_alone);
}

static void takes_back_a_bulk_edit_whole_or_not(World *w)
{
	char text[ID_TEXT_SIZE];
	Id ids[30];
	char *list = talloc_strdup(w, "");
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		ids[i] = world_make(w, "account", talloc_asprintf(w, "{\"name\":\"a%zu\",\"city\":\"c%zu\"}", i, i));
		list = talloc_asprintf_append(list, "%s\"%s\"", i > 0 ? "," : "", id_text(ids[i], text));
	}
	Ask ask = {.params = talloc_asprintf(w,
		"{\"object\":\"account\",\"action\":\"update\",\"ids\":[%s],\"fields\":{\"city\":\"all\"}}", list)};
	CHECK_INT(world_ask(w, &world_admin, "POST", "/records/:object/batch", &ask), 0);
	const char *change = change_of(&ask);
	Ask later = {0}, undone;
	CHECK_INT(world_patch(w, &world_admin, "account", ids[7], "{\"city\":\"other\"}", &later), 0);
	CHECK_INT(undo(w, &world_admin, change, &undone), ERR_CONFLICT);
	CHECK(strstr(undone.detail, "a7") != NULL);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM account WHERE city = 'all'"), 29);
	CHECK_INT(undo(w, &world_admin, change_of(&later), &undone), 0);
	CHECK_INT(undo(w, &world_admin, change, &undone), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM account WHERE city = 'all'"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(DISTINCT city) FROM account"), 30);
}

TEST(undo, takes_back_a_bulk_edit_whole_or_not)
{
	world_each(takes_back_a_bulk_edit_whole_or_not);
}

static void is_for_who_made_it(World *w)
{
	Ask ask, undone;
	Identity zhang = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL), li = world_person(w, "li", ROLE_SALESPERSON,
		ID_NIL);
	CHECK_INT(world_post(w, &zhang, "account", "{\"name\":\"a\"}", &ask), 0);
	CHECK_INT(undo(w, &li, change_of(&ask), &undone), ERR_DENIED);
	CHECK_INT(undo(w, &zhang, change_of(&ask), &undone), 0);
	CHECK_INT(world_post(w, &zhang, "account", "{\"name\":\"b\"}", &ask), 0);
	Identity boss = world_person(w, "boss", ROLE_SUPERVISOR, ID_NIL); /* heads nobody: does not see it */
	CHECK_INT(undo(w, &boss, change_of(&ask), &undone), ERR_NOT_FOUND);
	CHECK_INT(undo(w, &world_admin, change_of(&ask), &undone), 0);
}

TEST(undo, is_for_who_made_it)
{
	world_each(is_for_who_made_it);
}

/* --- property: any edits, undone newest first, give the row back --- */

static Value random_value(GRand *rand, const Record *r, const FieldDef *f)
{
	static const char *const texts[] = {"上海", "a \"quoted\" \\ text", "😀", "x", "line\nline", "0"};
	static const char *const trees[] = {"{\"a\":[1,2.50,null]}", "[]", "\"x\"", "123456789012345678"};
	int64_t i = ((int64_t)g_rand_int(rand) << 31 ^ g_rand_int(rand)) * (g_rand_boolean(rand) ? 1 : -1);
	if (g_rand_int_range(rand, 0, 4) == 0)
		return value_null();
	switch (meta_value_type(f)) {
	case VALUE_BOOL: return value_bool(g_rand_boolean(rand));
	case VALUE_INT: return value_int(i);
	case VALUE_TIME: return value_time(i);
	case VALUE_DECIMAL: return value_decimal(i, meta_scale(f));
	case VALUE_ID: return value_id(id_new(1700000000000 + (i & 0xffffff)));
	default: break;
	}
	(void)r;
	return value_text(f->type == FIELD_JSON ? trees[g_rand_int_range(rand, 0, 4)] : texts[g_rand_int_range(rand, 0,
		6)]);
}

typedef struct {
	GRand *rand;
	Id id;
	Id changes[8];
	int n;
	Value *before;
	TALLOC_CTX *mem;
} Edits;

static int snapshot(Call *c, void *arg)
{
	Edits *e = arg;
	Record *r;
	CHECK_INT(record_load_any(c, "lead", e->id, &r), 0);
	e->before = talloc_array(e->mem, Value, (unsigned)r->object->n_fields);
	for (int i = 0; i < r->object->n_fields; i++)
		e->before[i] = value_copy(e->mem, &r->values[i]);
	return 0;
}

static int edit(Call *c, void *arg)
{
	Edits *e = arg;
	Record *r;
	CHECK_INT(record_load_any(c, "lead", e->id, &r), 0);
	if (g_rand_int_range(e->rand, 0, 6) == 0)
		return value_is_null(record_get(r, "deleted_at")) ? record_delete(c, r, RECORD_AS_HOUSE) : record_restore(c,
			r, RECORD_AS_HOUSE);
	for (int n = g_rand_int_range(e->rand, 1, 9); n > 0; n--) {
		int i = g_rand_int_range(e->rand, FIELD_AT_OWN, r->object->n_fields);
		record_set_at(r, i, random_value(e->rand, r, &r->object->fields[i]));
	}
	return record_update(c, r, RECORD_AS_HOUSE);
}

/* One to three writes in one change. */
static int edit_some(Call *c, void *arg)
{
	Edits *e = arg;
	int r = 0;
	for (int n = g_rand_int_range(e->rand, 1, 4); r == 0 && n > 0; n--)
		r = edit(c, e);
	e->changes[e->n] = c->change;
	return r;
}

static int undo_last(Call *c, void *arg)
{
	Edits *e = arg;
	return record_undo(c, e->changes[e->n]);
}

static int compare(Call *c, void *arg)
{
	Edits *e = arg;
	Record *r;
	CHECK_INT(record_load_any(c, "lead", e->id, &r), 0);
	for (int i = 0; i < r->object->n_fields; i++) {
		if (i == FIELD_AT_VERSION || i == FIELD_AT_UPDATED_AT)
			continue;
		if (!value_equal(&e->before[i], &r->values[i]))
			g_error("%s is not as it was", r->object->fields[i].name);
	}
	return 0;
}

static void random_edits_then_undo_give_the_row_back(World *w)
{
	Edits e = {.rand = g_rand_new_with_seed((guint32)g_test_rand_int()), .mem = talloc_new(w)};
	for (int round = 0; round < 40; round++) {
		e.id = world_make(w, "lead", "{\"name\":\"a\",\"longitude\":\"121.5\",\"extra\":{\"k\":1}}");
		CHECK_INT(world_read(w, NULL, snapshot, &e, NULL), 0);
		int n = g_rand_int_range(e.rand, 1, 8);
		for (e.n = 0; e.n < n; e.n++)
			CHECK_INT(world_write(w, NULL, edit_some, &e, NULL), 0);
		while (--e.n >= 0) {
			/* Values may have been written that were there already: such a change wrote nothing. */
			if (!id_is_nil(e.changes[e.n]))
				CHECK_INT(world_write(w, NULL, undo_last, &e, NULL), 0);
		}
		CHECK_INT(world_read(w, NULL, compare, &e, NULL), 0);
	}
	g_rand_free(e.rand);
}

TEST(undo, random_edits_then_undo_give_the_row_back)
{
	world_each(random_edits_then_undo_give_the_row_back);
}

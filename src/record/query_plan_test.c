/* How the engines go about a list: whatever an index of the catalogue offers - its first columns as a filter, its last
 * as the order, either way, the first page and the next - is read in the order of that index, never by going through
 * the table and never by sorting all that fits. */
#include "record/record_world.h"

#include <string.h>

typedef struct {
	World *w;
	const ObjectDef *object;
	const char *index;  /* "owner,created_at" */
	const char *prefix; /* of the index's name: "ix", or "sx" of a sparse one */
	char *filter, *sort;
	const char *after;
	char *plan; /* out: one line a step */
} Asked;

/* A condition on each of the columns. */
static char *filter_of(World *w, const ObjectDef *object, char **columns, int n)
{
	char *filter = NULL;
	for (int i = 0; i < n; i++) {
		const FieldDef *f = meta_field(object, columns[i]);
		const char *value = f->type == FIELD_CHOICE ? f->choices[0].value : "0192f8a0-0000-7000-8000-000000000001";
		filter = talloc_asprintf(w, "%s%s%s = \"%s\"", filter ? filter : "", filter ? " AND " : "", f->name, value);
	}
	return filter;
}

static void explain_read(Asked *k, Rows *rows, bool postgres)
{
	k->plan = talloc_strdup(k->w, "");
	while (rows_next(rows))
		k->plan = talloc_asprintf_append(k->plan, "%s\n", rows_text(rows, postgres ? 0 : 3));
	CHECK_INT(rows_error(rows), 0);
}

/* On so small a table PostgreSQL would go through all of it, which is not what is asked here. */
static int explain(Call *c, void *arg)
{
	Asked *k = arg;
	bool postgres = tx_is_postgres(c->tx);
	RecordQuery q = {.object = k->object->name, .filter = k->filter, .sort = k->sort, .after = k->after, .limit = 50};
	Sql *sql, *explained = sql_new(c, postgres);
	CHECK_INT(record_query_sql(c, &q, &sql), 0);
	if (postgres) {
		CHECK_INT(db_exec(c->tx, "SET LOCAL enable_seqscan = off"), 0);
		CHECK_INT(db_exec(c->tx, "SET LOCAL enable_bitmapscan = off"), 0);
		CHECK_INT(db_exec(c->tx, "SET LOCAL enable_sort = off"), 0);
		sql_add(explained, "EXPLAIN ");
	} else {
		sql_add(explained, "EXPLAIN QUERY PLAN ");
	}
	sql_add_literal(explained, sql->text->data);
	ROWS rows = NULL;
	CHECK_INT(db_query_n(c->tx, &rows, explained->text->data, sql->args, sql->n), 0);
	explain_read(k, rows, postgres);
	return 0;
}

static int first_cursor(Call *c, void *arg)
{
	Asked *k = arg;
	RecordPage page;
	RecordQuery q = {.object = k->object->name, .sort = k->sort, .limit = 1};
	CHECK_INT(record_query(c, &q, &page), 0);
	CHECK(page.next != NULL);
	k->after = talloc_strdup(k->w, page.next);
	return 0;
}

static bool sorts_all(const Asked *k, bool postgres)
{
	if (!postgres)
		return strstr(k->plan, "TEMP B-TREE FOR ORDER BY") != NULL;
	const char *sort = strstr(k->plan, "Sort ");
	return sort != NULL && strstr(k->plan, "Incremental Sort") == NULL;
}

/* PostgreSQL's indexes have blanks first when read backwards: an order with blanks last is then sorted. */
static bool may_sort(const Asked *k, bool postgres)
{
	const FieldDef *last = meta_field(k->object, k->sort + (k->sort[0] == '-'));
	return postgres && k->sort[0] == '-' && last->index >= FIELD_AT_OWN;
}

/* A page further down begins where the cursor says, not at the front of the index; only an order with blanks cannot. */
static bool begins_at_cursor(const Asked *k, bool postgres)
{
	const char *name = k->sort + (k->sort[0] == '-'), *bound = strstr(k->plan, postgres ? "Index Cond" : "USING INDEX");
	if (k->after == NULL || meta_field(k->object, name)->index >= FIELD_AT_OWN)
		return true;
	char *below = talloc_asprintf(k->w, "%s%s", name, postgres ? " <" : "<?");
	char *above = talloc_asprintf(k->w, "%s%s", name, postgres ? " >" : ">?");
	return bound != NULL && (strstr(bound, below) != NULL || strstr(bound, above) != NULL);
}

static void check_plan(Asked *k, const Identity *who)
{
	bool postgres = store_is_postgres(k->w->house.store);
	CHECK_INT(world_read(k->w, who, explain, k, NULL), 0);
	char **columns = g_strsplit(k->index, ",", -1);
	char *name = g_strjoinv("_", columns);
	char *index = talloc_asprintf(k->w, "%s_%s_%s", k->prefix, k->object->table, name);
	bool searches = k->filter == NULL || postgres || strstr(k->plan, "SEARCH") != NULL;
	bool fine = strstr(k->plan, index) != NULL && searches && (may_sort(k, postgres) || !sorts_all(k, postgres)) &&
		begins_at_cursor(k, postgres);
	if (!fine)
		g_test_message("%s, filter %s, sort %s%s:\n%s", k->object->name, k->filter, k->sort, k->after ? ", next" : "",
			k->plan);
	CHECK(fine);
	g_free(name);
	g_strfreev(columns);
}

static void check_index(World *w, const ObjectDef *object, const char *prefix, const char *index, bool descending)
{
	char **columns = g_strsplit(index, ",", -1);
	int n = (int)g_strv_length(columns);
	const FieldDef *last = meta_field(object, columns[n - 1]);
	Asked k = {.w = w, .object = object, .index = index, .prefix = prefix};
	k.filter = filter_of(w, object, columns, n - 1);
	k.sort = talloc_asprintf(w, "%s%s", descending ? "-" : "", last->name);
	check_plan(&k, &world_admin);
	CHECK_INT(world_read(w, NULL, first_cursor, &k, NULL), 0);
	check_plan(&k, &world_admin);
	g_strfreev(columns);
}

static void make_two(World *w, const ObjectDef *object)
{
	const char *json = strcmp(object->name, "activity") == 0 ? "{\"kind\":\"call\",\"summary\":\"a\"}"
		: strcmp(object->name, "lead") == 0 ? "{}" : "{\"name\":\"a\"}";
	(void)world_make(w, object->name, json);
	(void)world_make(w, object->name, json);
}

static void check_indexes(World *w, const ObjectDef *object, const char *prefix, const char *const *index)
{
	for (; *index != NULL; index++) {
		check_index(w, object, prefix, *index, false);
		check_index(w, object, prefix, *index, true);
	}
}

static void lists_follow_the_indexes(World *w)
{
	static const char *const objects[] = {"lead", "account", "contact", "opportunity", "activity", "task"};
	const Catalogue *catalogue = meta_acquire(w->house.meta);
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		const ObjectDef *object = meta_object(catalogue, objects[i]);
		make_two(w, object);
		check_indexes(w, object, "ix", object->indexes);
		check_indexes(w, object, "sx", object->sparse_indexes);
	}
	meta_release(catalogue);
}

/* What is a salesperson's own is found by the owner, whatever else is asked: a source may have a million rows. */
static void check_own(World *w, const Identity *who, const char *filter, const char *sort)
{
	const Catalogue *catalogue = meta_acquire(w->house.meta);
	Asked k = {.w = w, .object = meta_object(catalogue, "lead"), .filter = talloc_strdup(w, filter)};
	k.sort = talloc_strdup(w, sort);
	CHECK_INT(world_read(w, who, explain, &k, NULL), 0);
	bool fine = strstr(k.plan, "ix_lead_owner") != NULL && strstr(k.plan, "ix_lead_s") == NULL;
	if (!fine)
		g_test_message("filter %s, sort %s:\n%s", filter, sort, k.plan);
	CHECK(fine);
	meta_release(catalogue);
}

static void own_rows_are_found_by_owner(World *w)
{
	static const char *const filters[] = {NULL, "status = \"new\"", "source = \"0192f8a0-0000-7000-8000-000000000001\"",
		"status = \"new\" AND source = \"0192f8a0-0000-7000-8000-000000000001\"", "status = \"new\" OR score > 3"};
	static const char *const sorts[] = {"-created_at", "created_at", "status", "-source", "name"};
	if (store_is_postgres(w->house.store))
		return; /* knows by its statistics */
	Identity with_pool = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL), alone = world_person(w, "li",
		ROLE_SALESPERSON, ID_NIL);
	for (size_t f = 0; f < ARRAY_LEN(filters); f++)
		for (size_t s = 0; s < ARRAY_LEN(sorts); s++)
			check_own(w, &alone, filters[f], sorts[s]);
	char id[ID_TEXT_SIZE];
	(void)world_make(w, "pool",
		talloc_asprintf(w, "{\"name\":\"p\",\"members\":[\"%s\"]}", id_text(with_pool.user, id)));
	for (size_t f = 0; f < ARRAY_LEN(filters); f++)
		for (size_t s = 0; s < ARRAY_LEN(sorts); s++)
			check_own(w, &with_pool, filters[f], sorts[s]);
}

TEST(query, own_rows_are_found_by_owner)
{
	world_each(own_rows_are_found_by_owner);
}

TEST(query, lists_follow_the_indexes)
{
	world_each(lists_follow_the_indexes);
}

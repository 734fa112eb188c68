/* Who sees which rows, twice: as SQL for queries and as a test on one row for loads and live streams. Both say the
 * same; the unit tests compare them. */
#include "record/access.h"

#include "record/record_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- loading --- */

static void ids_add(Access *a, Id **ids, int *n, Id id)
{
	if (*n % 16 == 0)
		*ids = talloc_realloc(a, *ids, Id, (unsigned)*n + 16);
	assert(*ids != NULL);
	(*ids)[(*n)++] = id;
}

static int by_id(const void *a, const void *b)
{
	return id_compare(*(const Id *)a, *(const Id *)b);
}

static void ids_sort(Id *ids, int n)
{
	if (n > 1)
		qsort(ids, (size_t)n, sizeof(Id), by_id);
}

static bool ids_have(const Id *ids, int n, Id id)
{
	return n > 0 && !id_is_nil(id) && bsearch(&id, ids, (size_t)n, sizeof(Id), by_id) != NULL;
}

static bool ids_among(const Id *ids, int n, Id id)
{
	for (int i = 0; i < n; i++) {
		if (id_equal(ids[i], id))
			return true;
	}
	return false;
}

/* Adds the teams whose parent is in the list already; true if there were any. */
static int add_sub_teams(Call *c, Access *a, bool *ret_grew)
{
	ROWS rows = NULL;
	int n = a->n_teams;
	int r = db_query(c->tx, &rows, "SELECT id, parent FROM team WHERE parent IS NOT NULL AND deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		Id id = rows_id(rows, 0);
		if (ids_among(a->teams, a->n_teams, rows_id(rows, 1)) && !ids_among(a->teams, a->n_teams, id))
			ids_add(a, &a->teams, &a->n_teams, id);
	}
	*ret_grew = a->n_teams > n;
	return rows_error(rows);
}

/* Teams that are their own ancestors end the walk by themselves: nothing is added twice. */
static int load_teams(Call *c, Access *a)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id FROM team WHERE (head = $1 OR deputy = $1) AND deleted_at IS NULL",
	                 value_id(a->user));
	if (r < 0)
		return r;
	while (rows_next(rows))
		ids_add(a, &a->teams, &a->n_teams, rows_id(rows, 0));
	r = rows_error(rows);
	bool grew = a->n_teams > 0;
	for (int level = 0; r == 0 && grew && level < RECORD_TEAM_DEPTH; level++)
		r = add_sub_teams(c, a, &grew);
	ids_sort(a->teams, a->n_teams);
	return r;
}

static Sql *members_sql(Call *c, const Access *a)
{
	Sql *sql = sql_new(c, tx_is_postgres(c->tx));
	sql_add(sql, "SELECT id FROM person WHERE deleted_at IS NULL AND team IN (");
	for (int i = 0; i < a->n_teams; i++) {
		if (i > 0)
			sql_add(sql, ", ");
		sql_arg(sql, value_id(a->teams[i]));
	}
	sql_add(sql, ")");
	return sql;
}

static int load_members(Call *c, Access *a)
{
	if (a->n_teams == 0)
		return 0;
	ROWS rows = NULL;
	int r = sql_query(c->tx, &rows, members_sql(c, a));
	if (r < 0)
		return r;
	while (rows_next(rows))
		ids_add(a, &a->members, &a->n_members, rows_id(rows, 0));
	ids_sort(a->members, a->n_members);
	return rows_error(rows);
}

/* Lists of ids are searched as text: a pool may have thousands of members, and a parser would cost more than the
 * page. */
static bool list_has(const char *json, Id id)
{
	char text[ID_TEXT_SIZE];
	return json != NULL && !id_is_nil(id) && strstr(json, id_text(id, text)) != NULL;
}

static bool names_nobody(const char *json)
{
	return json == NULL || strchr(json, '"') == NULL;
}

#define TEAM_DEPTH_MAX 16

/* The caller's own team and those above it: a pool of a team is for its sub-teams too. */
static int load_own_teams(Call *c, Id own[TEAM_DEPTH_MAX], int *ret_n)
{
	int n = 0;
	for (Id team = c->who.team; !id_is_nil(team) && n < TEAM_DEPTH_MAX;) {
		ROWS rows = NULL;
		int r = db_query(c->tx, &rows, "SELECT parent FROM team WHERE id = $1", value_id(team));
		if (r < 0)
			return r;
		own[n++] = team;
		team = rows_next(rows) ? rows_id(rows, 0) : ID_NIL;
		if (rows_error(rows) < 0)
			return rows_error(rows);
	}
	*ret_n = n;
	return 0;
}

/* A pool that names nobody is for every salesperson. */
static bool is_my_pool(const Access *a, const Id *own, int n_own, const char *members, const char *teams)
{
	if (list_has(members, a->user) || (names_nobody(members) && names_nobody(teams)))
		return true;
	for (int i = 0; i < n_own; i++)
		if (list_has(teams, own[i]))
			return true;
	for (int i = 0; teams != NULL && i < a->n_teams; i++)
		if (list_has(teams, a->teams[i]))
			return true;
	return false;
}

static int load_pools(Call *c, Access *a)
{
	ROWS rows = NULL;
	Id own[TEAM_DEPTH_MAX];
	int n_own = 0, r = load_own_teams(c, own, &n_own);
	if (r < 0 || (r = db_query(c->tx, &rows, "SELECT id, members, teams FROM pool WHERE deleted_at IS NULL")) < 0)
		return r;
	while (rows_next(rows)) {
		if (is_my_pool(a, own, n_own, rows_text(rows, 1), rows_text(rows, 2)))
			ids_add(a, &a->pools, &a->n_pools, rows_id(rows, 0));
	}
	ids_sort(a->pools, a->n_pools);
	return rows_error(rows);
}

int access_load(Call *c, TALLOC_CTX *ctx, Access **ret)
{
	Access *a = talloc_zero(ctx, Access);
	assert(a != NULL);
	*a = (Access){.all = c->who.role == ROLE_ADMINISTRATOR, .user = c->who.user};
	int r = 0;
	if (!a->all && c->who.role == ROLE_SUPERVISOR) {
		r = load_teams(c, a);
		if (r == 0)
			r = load_members(c, a);
	}
	if (r == 0 && !a->all)
		r = load_pools(c, a);
	if (r < 0)
		return call_store_failed(c, r);
	*ret = a;
	return 0;
}

int access_of(Call *c, const Access **ret)
{
	int r = c->access == NULL ? access_load(c, c, &c->access) : 0;
	if (r == 0)
		*ret = c->access;
	return r;
}

/* --- one row --- */

bool access_sees(const Access *a, Id owner, Id before, Id team, Id pool)
{
	if (a->all)
		return true;
	if (!id_is_nil(a->user) && (id_equal(owner, a->user) || id_equal(before, a->user)))
		return true;
	if (id_is_nil(owner) && ids_have(a->pools, a->n_pools, pool))
		return true;
	return ids_have(a->teams, a->n_teams, team) || ids_have(a->members, a->n_members, owner) ||
	       ids_have(a->members, a->n_members, before);
}

static int check_parent(Call *c, const Plan *plan, const Record *record, int depth);

static int check_row(Call *c, const Record *record, int depth)
{
	const Plan *plan = plan_of(c, record->object);
	const Access *a;
	int r = access_of(c, &a);
	if (r < 0 || a->all)
		return r;
	if (plan->parent >= 0)
		return check_parent(c, plan, record, depth);
	bool sees = !plan->narrowed || access_sees(a, record_ref_at(record, plan->owner), ID_NIL,
	                                           record_ref_at(record, plan->team), record_ref_at(record, plan->pool));
	return sees ? 0 : ERR_NOT_FOUND;
}

static int check_parent(Call *c, const Plan *plan, const Record *record, int depth)
{
	const ObjectDef *object = meta_object_of(c, record->object->fields[plan->parent].ref);
	Record *parent = NULL;
	if (depth >= RECORD_PARENTS_MAX || object == NULL)
		return ERR_NOT_FOUND;
	int r = record_find(c, c, object, record_ref_at(record, plan->parent), &parent);
	if (r == 0)
		r = check_row(c, parent, depth + 1);
	talloc_free(parent);
	return r;
}

int access_check(Call *c, const Record *record)
{
	return check_row(c, record, 0);
}

/* An index that begins "owner,<first>" gives the owner's rows in order by itself. */
static bool has_owner_index(const ObjectDef *object, const char *first)
{
	size_t len = strlen(first);
	for (int i = 0; object->indexes[i] != NULL; i++) {
		const char *rest = object->indexes[i];
		if (strncmp(rest, "owner,", 6) == 0 && strncmp(rest + 6, first, len) == 0 &&
		    (rest[6 + len] == '\0' || rest[6 + len] == ','))
			return true;
	}
	return false;
}

static bool finds_few(Call *c, const Access *a, const ObjectDef *object)
{
	return !a->all && a->n_teams == 0 && plan_of(c, object)->narrowed;
}

int access_finds_few(Call *c, const ObjectDef *object, bool *ret)
{
	const Access *a;
	int r = access_of(c, &a);
	if (r == 0)
		*ret = finds_few(c, a, object);
	return r;
}

bool access_sorts_own_rows(Call *c, const ObjectDef *object, const char *first)
{
	const Access *a = c->access;
	return a != NULL && finds_few(c, a, object) && !access_walks_index(c, object, first);
}

bool access_walks_index(Call *c, const ObjectDef *object, const char *first)
{
	const Access *a = c->access;
	const Plan *plan = plan_of(c, object);
	if (a == NULL || a->all || (!plan->narrowed && plan->parent < 0))
		return true;
	bool owner_alone = a->n_pools == 0 || plan->pool < 0;
	return plan->narrowed && a->n_teams == 0 && owner_alone && has_owner_index(object, first);
}

/* --- as SQL --- */

static void add_in(Sql *sql, const char *alias, const char *column, const Id *ids, int n)
{
	sql_name_of(sql, alias, column);
	sql_add(sql, " IN (");
	for (int i = 0; i < n; i++) {
		if (i > 0)
			sql_add(sql, ", ");
		sql_arg(sql, value_id(ids[i]));
	}
	sql_add(sql, ")");
}

static void add_team_rule(const Access *a, const Plan *plan, Sql *sql, const char *alias)
{
	if (a->n_teams == 0)
		return;
	if (plan->team >= 0) {
		sql_add(sql, " OR ");
		add_in(sql, alias, "team", a->teams, a->n_teams);
	}
	sql_add(sql, " OR ");
	sql_name_of(sql, alias, "owner");
	sql_add(sql, " IN (SELECT m.id FROM person m WHERE m.deleted_at IS NULL AND ");
	add_in(sql, "m", "team", a->teams, a->n_teams);
	sql_add(sql, ")");
}

static void add_pool_rule(const Access *a, const Plan *plan, Sql *sql, const char *alias)
{
	if (a->n_pools == 0 || plan->pool < 0)
		return;
	sql_add(sql, " OR (");
	sql_name_of(sql, alias, "owner");
	sql_add(sql, " IS NULL AND ");
	add_in(sql, alias, "pool", a->pools, a->n_pools);
	sql_add(sql, ")");
}

static void add_owner_rule(const Access *a, const Plan *plan, Sql *sql, const char *alias)
{
	sql_add(sql, " AND (");
	sql_name_of(sql, alias, "owner");
	sql_add(sql, " = ");
	sql_arg(sql, value_id(a->user));
	add_team_rule(a, plan, sql, alias);
	add_pool_rule(a, plan, sql, alias);
	sql_add(sql, ")");
}

static int add_rule(Call *c, const Access *a, const ObjectDef *object, Sql *sql, const char *alias, int depth);

/* As the record it belongs to: an inner query with the parent's own rule. */
static int add_parent_rule(Call *c, const Access *a, const Plan *plan, Sql *sql, const char *alias, int depth)
{
	static const char *const aliases[RECORD_PARENTS_MAX] = {"p1", "p2", "p3", "p4"};
	const FieldDef *field = &plan->object->fields[plan->parent];
	const ObjectDef *parent = meta_object_of(c, field->ref);
	if (depth >= RECORD_PARENTS_MAX || parent == NULL) {
		sql_add(sql, " AND 1 = 0");
		return 0;
	}
	sql_add(sql, " AND EXISTS (SELECT 1 FROM ");
	sql_name(sql, parent->table);
	sql_add(sql, " ");
	sql_name(sql, aliases[depth]);
	sql_add(sql, " WHERE ");
	sql_name_of(sql, aliases[depth], "id");
	sql_add(sql, " = ");
	sql_name_of(sql, alias, field->name);
	int r = add_rule(c, a, parent, sql, aliases[depth], depth + 1);
	sql_add(sql, ")");
	return r;
}

static int add_rule(Call *c, const Access *a, const ObjectDef *object, Sql *sql, const char *alias, int depth)
{
	const Plan *plan = plan_of(c, object);
	if (plan->parent >= 0)
		return add_parent_rule(c, a, plan, sql, alias, depth);
	if (plan->narrowed)
		add_owner_rule(a, plan, sql, alias);
	return 0;
}

int access_sql(Call *c, const ObjectDef *object, Sql *sql, const char *alias)
{
	const Access *a;
	int r = access_of(c, &a);
	if (r < 0 || a->all)
		return r;
	return add_rule(c, a, object, sql, alias, 0);
}

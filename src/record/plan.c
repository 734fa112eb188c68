/* What is derived once from an object and asked for with every record: its SQL, the types of its columns, the
 * fields that say whose a record is. Kept with the house; a new catalogue brings new plans. */
#include "record/record_int.h"

#include <assert.h>
#include <string.h>

static int index_of(const ObjectDef *object, const char *name)
{
	const FieldDef *field = meta_field(object, name);
	return field == NULL ? -1 : field->index;
}

/* Text made by the builder, kept by the plan. */
static const char *keep(Plan *plan, Sql *sql)
{
	assert(!sql_failed(sql));
	const char *text = talloc_strndup(plan, sql->text->data, sql->text->len);
	assert(text != NULL);
	talloc_free(sql);
	return text;
}

static const char *columns_sql(Plan *plan, bool postgres)
{
	Sql *sql = sql_new(plan, postgres);
	for (int i = 0; i < plan->object->n_fields; i++) {
		if (i > 0)
			sql_add(sql, ", ");
		sql_name_of(sql, "t", plan->object->fields[i].name);
	}
	return keep(plan, sql);
}

static const char *load_sql(Plan *plan, bool postgres)
{
	Sql *sql = sql_new(plan, postgres);
	sql_add(sql, "SELECT ");
	sql_add_literal(sql, plan->columns);
	sql_add(sql, " FROM ");
	sql_name(sql, plan->object->table);
	sql_add(sql, " t WHERE t.id = ");
	sql_arg(sql, value_null());
	return keep(plan, sql);
}

static const char *insert_sql(Plan *plan, bool postgres)
{
	Sql *sql = sql_new(plan, postgres);
	sql_add(sql, "INSERT INTO ");
	sql_name(sql, plan->object->table);
	sql_add(sql, " (");
	for (int i = 0; i < plan->object->n_fields; i++) {
		if (i > 0)
			sql_add(sql, ", ");
		sql_name(sql, plan->object->fields[i].name);
	}
	sql_add(sql, ") VALUES (");
	for (int i = 0; i < plan->object->n_fields; i++) {
		if (i > 0)
			sql_add(sql, ", ");
		sql_arg(sql, value_null());
	}
	sql_add(sql, ")");
	return keep(plan, sql);
}

static void plan_types(Plan *plan)
{
	unsigned n = (unsigned)plan->object->n_fields;
	plan->types = talloc_array(plan, ValueType, n);
	plan->scales = talloc_array(plan, uint8_t, n);
	assert(plan->types != NULL && plan->scales != NULL);
	for (unsigned i = 0; i < n; i++) {
		plan->types[i] = meta_value_type(&plan->object->fields[i]);
		plan->scales[i] = meta_scale(&plan->object->fields[i]);
	}
}

static Plan *plan_new(Phases *phases, const ObjectDef *object, int64_t catalogue, bool postgres)
{
	Plan *plan = talloc_zero(phases, Plan);
	assert(plan != NULL);
	plan->object = object;
	plan->catalogue = catalogue;
	plan->columns = columns_sql(plan, postgres);
	plan->load = load_sql(plan, postgres);
	plan->insert = insert_sql(plan, postgres);
	plan_types(plan);
	plan->owner = index_of(object, "owner");
	plan->team = index_of(object, "team");
	plan->pool = index_of(object, "pool");
	plan->narrowed = strcmp(object->scope, "owner") == 0;
	bool is_child = strncmp(object->scope, "parent:", 7) == 0;
	plan->parent = is_child ? index_of(object, object->scope + 7) : -1;
	assert(!is_child || plan->parent >= 0);
	plan->is_person = strcmp(object->name, "user") == 0;
	return plan;
}

const Plan *plan_of(Call *c, const ObjectDef *object)
{
	Phases *phases = c->house->phases;
	int64_t catalogue = meta_of(c)->version;
	pthread_mutex_lock(&phases->lock);
	Plan *plan = phases->plans;
	while (plan != NULL && (plan->object != object || plan->catalogue != catalogue))
		plan = plan->next;
	if (plan == NULL) {
		plan = plan_new(phases, object, catalogue, store_is_postgres(c->house->store));
		plan->next = phases->plans;
		phases->plans = plan;
	}
	pthread_mutex_unlock(&phases->lock);
	return plan;
}

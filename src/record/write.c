/* Writing records: create, update, into the bin and out again. One road for all: authorise, validate, before,
 * write, history, event, after - all in the transaction of the Call. */
#include "record/record_int.h"

#include "call/gate.h"

#include <assert.h>
#include <string.h>

int refuse_not_found(Call *c, const ObjectDef *object)
{
	return call_fail(c, ERR_NOT_FOUND, "not_found", "This does not exist, or you may not see it (%s).",
	                 "%s不存在，或您无权查看。", c->lang == LANG_EN ? object->en : object->zh);
}

/* --- reading one --- */

int record_find(Call *c, TALLOC_CTX *ctx, const ObjectDef *object, Id id, Record **ret)
{
	const Plan *plan = plan_of(c, object);
	const Value args[] = {value_id(id)};
	ROWS rows = NULL;
	int r = id_is_nil(id) ? ERR_NOT_FOUND : db_query_n(c->tx, &rows, plan->load, args, ARRAY_LEN(args));
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) < 0 ? rows_error(rows) : ERR_NOT_FOUND;
	*ret = record_from_row(ctx, plan, rows);
	return 0;
}

static int load(Call *c, const char *name, Id id, bool as_house, Record **ret)
{
	const ObjectDef *object = meta_object_of(c, name);
	assert(object != NULL);
	Record *record = NULL;
	int r = record_find(c, c, object, id, &record);
	if (r == 0 && !as_house)
		r = value_is_null(&record->values[FIELD_AT_DELETED_AT]) ? access_check(c, record) : ERR_NOT_FOUND;
	if (r == ERR_NOT_FOUND)
		return refuse_not_found(c, object);
	if (r < 0)
		return call_store_failed(c, r);
	*ret = record;
	return 0;
}

int record_load(Call *c, const char *object, Id id, Record **ret)
{
	return load(c, object, id, false, ret);
}

int record_load_any(Call *c, const char *object, Id id, Record **ret)
{
	return load(c, object, id, true, ret);
}

/* --- what must hold before a write --- */

static bool differs_at(const Record *r, int index)
{
	if (!r->stored)
		return !value_is_null(&r->values[index]);
	return record_touched_at(r, index) && !value_equal(&r->before[index], &r->values[index]);
}

static void check_required(Call *c, const Record *r)
{
	for (int i = FIELD_AT_OWN; i < r->object->n_fields; i++) {
		const FieldDef *f = &r->object->fields[i];
		bool asked = !r->stored || record_touched_at(r, i);
		if (f->required && asked && value_is_null(&r->values[i]))
			(void)call_fault(c, f->name, "required", "This is required.", "此项必填。");
	}
}

static int is_taken(Call *c, const Record *r, const FieldDef *f, bool *ret)
{
	Sql *sql = sql_new(c, tx_is_postgres(c->tx));
	sql_add(sql, "SELECT 1 FROM ");
	sql_name(sql, r->object->table);
	sql_add(sql, " WHERE ");
	sql_name(sql, f->name);
	sql_add(sql, " = ");
	sql_arg(sql, r->values[f->index]);
	sql_add(sql, " AND deleted_at IS NULL AND id <> ");
	sql_arg(sql, r->values[FIELD_AT_ID]);
	ROWS rows = NULL;
	int err = sql_query(c->tx, &rows, sql);
	if (err < 0)
		return err;
	*ret = rows_next(rows);
	return rows_error(rows);
}

/* Asked first, so that the person is told which field; the unique index stands behind it for two at the same moment. */
static int check_unique(Call *c, const Record *r, bool all)
{
	for (int i = FIELD_AT_OWN; i < r->object->n_fields; i++) {
		const FieldDef *f = &r->object->fields[i];
		if (!f->unique || value_is_null(&r->values[i]) || !(all || differs_at(r, i)))
			continue;
		bool taken = false;
		int err = is_taken(c, r, f, &taken);
		if (err < 0)
			return call_store_failed(c, err);
		if (taken)
			(void)call_fault(c, f->name, "not_unique", "This is taken already; choose another.", "已被使用，请更换。");
	}
	return 0;
}

static int authorise(Call *c, const Record *r, int flags)
{
	if (flags & RECORD_AS_HOUSE)
		return 0;
	int err = gate_check(c, r->object->write_right);
	if (err < 0 || !r->stored)
		return err;
	/* Asked of the row as it is stored: giving a record away in this write is allowed, taking one is not. */
	Record was = *r;
	was.values = r->before != NULL ? r->before : r->values;
	err = access_check(c, &was);
	return err == ERR_NOT_FOUND ? refuse_not_found(c, r->object) : call_store_failed(c, err);
}

static int run_checks(Call *c, const PhaseInfo *info)
{
	const Record *r = info->record;
	bool all = info->kind == WRITE_CREATE || info->kind == WRITE_RESTORE;
	int err = phase_run(c, PHASE_VALIDATE, info);
	if (err < 0)
		return err;
	check_required(c, r);
	err = check_unique(c, r, all);
	if (err < 0)
		return err;
	if (c->faults != NULL)
		return ERR_INVALID;
	return phase_run(c, PHASE_BEFORE, info);
}

/* --- what every write leaves behind --- */

typedef struct {
	Gate *gate;
	Id user;
} Forget;

static void forget_person(void *arg)
{
	const Forget *f = arg;
	gate_forget(f->gate, f->user);
}

/* Whoever was disabled or got another role is asked for afresh from the next request on. */
static void forget_on_commit(Call *c, Id user)
{
	Forget *f = talloc(tx_mem(c->tx), Forget);
	assert(f != NULL);
	*f = (Forget){.gate = c->house->gate, .user = user};
	tx_on_commit(c->tx, forget_person, f);
}

static int bump_people(Call *c)
{
	return call_store_failed(c, db_send(c->tx, "UPDATE people_version SET version = version + 1"));
}

static const char *const kind_names[] = {"created", "updated", "deleted", "restored"};
static const char *const event_names[] = {"record.created", "record.updated", "record.deleted", "record.restored"};

/* The row is written: history, event, version of the people, then the hooks. */
static int finish(Call *c, PhaseInfo *info)
{
	Record *r = info->record;
	const Plan *plan = plan_of(c, r->object);
	Record before = *r;
	before.values = r->before;
	const Value *was = info->kind == WRITE_CREATE ? NULL : r->before;
	info->before = info->kind == WRITE_CREATE ? NULL : &before;
	int err = history_add(c, r, was, kind_names[info->kind]);
	if (err == 0 && !(info->flags & RECORD_QUIET))
		err = event_of_write(c, plan, r, was, event_names[info->kind]);
	if (err == 0 && r->object->bumps_people)
		err = bump_people(c);
	if (err < 0)
		return err;
	if (plan->is_person && info->kind != WRITE_CREATE && c->house->gate != NULL)
		forget_on_commit(c, record_id(r));
	record_settle(r);
	return phase_run(c, PHASE_AFTER, info);
}

/* --- create --- */

/* A person who makes a record without saying whose it is gets it. */
static void take_ownership(Call *c, const Plan *plan, Record *r)
{
	bool may_own = plan->narrowed && plan->owner >= 0 && !r->object->fields[plan->owner].read_only;
	if (!may_own || id_is_nil(c->who.user) || !value_is_null(&r->values[plan->owner]))
		return;
	record_set_at(r, plan->owner, value_id(c->who.user));
	if (plan->team >= 0 && value_is_null(&r->values[plan->team]))
		record_set_at(r, plan->team, value_id(c->who.team));
}

static void fill_common(Call *c, Record *r)
{
	Value *v = r->values;
	if (value_is_null(&v[FIELD_AT_ID]))
		v[FIELD_AT_ID] = value_id(id_new(c->now_ms));
	if (value_is_null(&v[FIELD_AT_CREATED_AT]))
		v[FIELD_AT_CREATED_AT] = value_time(c->now_ms);
	if (value_is_null(&v[FIELD_AT_CREATED_BY]))
		v[FIELD_AT_CREATED_BY] = value_id(c->who.user);
	v[FIELD_AT_VERSION] = value_int(1);
	v[FIELD_AT_UPDATED_AT] = value_time(c->now_ms);
	v[FIELD_AT_DELETED_AT] = value_null();
}

static int refuse_repeat(Call *c)
{
	return call_fail(c, ERR_CONFLICT, "exists", "A record with this id is there already.", "相同标识的数据已存在。");
}

static bool has_unique(const ObjectDef *object)
{
	for (int i = FIELD_AT_OWN; i < object->n_fields; i++)
		if (object->fields[i].unique)
			return true;
	return false;
}

/* A create that comes a second time would find its own value taken: that it is there already is said first. Without
 * unique fields the key of the table says the same. */
static int check_repeat(Call *c, const Record *r)
{
	if (value_is_null(&r->values[FIELD_AT_ID]) || !has_unique(r->object))
		return 0;
	Sql *sql = sql_new(c, tx_is_postgres(c->tx));
	sql_add(sql, "SELECT 1 FROM ");
	sql_name(sql, r->object->table);
	sql_add(sql, " WHERE id = ");
	sql_arg(sql, r->values[FIELD_AT_ID]);
	ROWS rows = NULL;
	int err = sql_query(c->tx, &rows, sql);
	if (err < 0)
		return call_store_failed(c, err);
	if (rows_next(rows))
		return refuse_repeat(c);
	return call_store_failed(c, rows_error(rows));
}

/* Two at the same moment: which of the two it was, the next attempt is told. */
static int refuse_insert(Call *c, const ObjectDef *object)
{
	if (!has_unique(object))
		return refuse_repeat(c);
	return call_fail(c, ERR_CONFLICT, "changed_meanwhile", "Somebody made the same at this moment: try again.",
	                 "刚有人创建了相同的数据，请重试。");
}

/* The change row goes first: on PostgreSQL it is sent without waiting, and the INSERT then waits for both at once. */
static int insert(Call *c, const Plan *plan, const Record *r, int flags)
{
	Id change;
	int err = record_change(c, &change);
	if (err < 0)
		return err;
	size_t n = (size_t)r->object->n_fields;
	err = flags & RECORD_UNHEARD ? db_send_n(c->tx, plan->insert, r->values, n)
	                             : db_exec_n(c->tx, plan->insert, r->values, n);
	if (err == ERR_CONFLICT)
		return refuse_insert(c, r->object);
	return call_store_failed(c, err);
}

int record_create(Call *c, Record *r, int flags)
{
	assert(!r->stored);
	const Plan *plan = plan_of(c, r->object);
	PhaseInfo info = {.kind = WRITE_CREATE, .record = r, .flags = flags};
	int err = authorise(c, r, flags);
	if (err < 0)
		return err;
	if (!(flags & RECORD_AS_HOUSE))
		take_ownership(c, plan, r);
	err = check_repeat(c, r);
	if (err < 0)
		return err;
	fill_common(c, r);
	err = run_checks(c, &info);
	if (err < 0)
		return err;
	err = insert(c, plan, r, flags);
	if (err < 0)
		return err;
	return finish(c, &info);
}

/* --- update, delete, restore --- */

static Sql *update_sql(Call *c, const Record *r, int64_t version)
{
	Sql *sql = sql_new(c, tx_is_postgres(c->tx));
	sql_add(sql, "UPDATE ");
	sql_name(sql, r->object->table);
	sql_add(sql, " SET version = ");
	sql_arg(sql, r->values[FIELD_AT_VERSION]);
	sql_add(sql, ", updated_at = ");
	sql_arg(sql, r->values[FIELD_AT_UPDATED_AT]);
	for (int i = FIELD_AT_DELETED_AT; i < r->object->n_fields; i++) {
		if (!differs_at(r, i))
			continue;
		sql_add(sql, ", ");
		sql_name(sql, r->object->fields[i].name);
		sql_add(sql, " = ");
		sql_arg(sql, r->values[i]);
	}
	sql_add(sql, " WHERE id = ");
	sql_arg(sql, r->values[FIELD_AT_ID]);
	sql_add(sql, " AND version = ");
	sql_arg(sql, value_int(version));
	return sql;
}

/* No row had the version that was read: who named it by If-Match is told the one that is there now. */
static int refuse_overtaken(Call *c, const Record *r, int flags)
{
	Record *now = NULL;
	bool named = c->if_match != NULL && strcmp(c->if_match, "*") != 0 && !(flags & RECORD_AS_HOUSE);
	int err = named ? record_find(c, c, r->object, record_id(r), &now) : ERR_NOT_FOUND;
	if (err == 0)
		return call_refuse_stale(c, now->values[FIELD_AT_VERSION].i);
	if (err != ERR_NOT_FOUND)
		return call_store_failed(c, err);
	return call_fail(c, ERR_CONFLICT, "changed_meanwhile",
	                 "Somebody changed this at the same moment; load again and repeat.",
	                 "数据刚被其他操作修改，请刷新后重试。");
}

int64_t record_now(const Call *c, const Record *r)
{
	int64_t last_ms = r->values[FIELD_AT_UPDATED_AT].i;
	return last_ms > c->now_ms ? last_ms : c->now_ms;
}

static int write_row(Call *c, Record *r, int flags)
{
	int64_t version = r->before[FIELD_AT_VERSION].i;
	r->values[FIELD_AT_VERSION] = value_int(version + 1);
	r->values[FIELD_AT_UPDATED_AT] = value_time(record_now(c, r));
	Id change;
	int err = record_change(c, &change);
	if (err < 0)
		return err;
	Sql *sql = update_sql(c, r, version);
	err = sql_exec(c->tx, sql);
	talloc_free(sql);
	if (err < 0)
		return call_store_failed(c, err);
	return db_changes(c->tx) == 0 ? refuse_overtaken(c, r, flags) : 0;
}

static bool differs(const Record *r)
{
	for (int i = 0; i < r->object->n_fields; i++) {
		if (differs_at(r, i))
			return true;
	}
	return false;
}

static int write_stored(Call *c, Record *r, WriteKind kind, int flags)
{
	assert(r->stored);
	Record before = *r;
	before.values = r->before;
	PhaseInfo info = {.kind = kind, .record = r, .before = &before, .flags = flags};
	int err = run_checks(c, &info);
	if (err < 0)
		return err;
	err = write_row(c, r, flags);
	if (err < 0)
		return err;
	return finish(c, &info);
}

/* What has been set back says by itself whether the record goes into the bin, comes out of it or only changes. */
int record_write_back(Call *c, Record *r)
{
	if (!differs(r))
		return 0;
	bool was = !value_is_null(&r->before[FIELD_AT_DELETED_AT]), is = !value_is_null(&r->values[FIELD_AT_DELETED_AT]);
	return write_stored(c, r, was == is ? WRITE_UPDATE : is ? WRITE_DELETE : WRITE_RESTORE, RECORD_AS_HOUSE);
}

/* The checks that hold whether or not anything differs. */
static int open_for_writing(Call *c, const Record *r, int flags)
{
	int err = authorise(c, r, flags);
	if (err < 0 || (flags & RECORD_AS_HOUSE))
		return err;
	int64_t version = r->values[FIELD_AT_VERSION].i;
	return call_saw(c, version) ? 0 : call_refuse_stale(c, version);
}

int record_update(Call *c, Record *r, int flags)
{
	int err = open_for_writing(c, r, flags);
	if (err < 0)
		return err;
	return differs(r) ? write_stored(c, r, WRITE_UPDATE, flags) : 0;
}

int record_delete(Call *c, Record *r, int flags)
{
	int err = open_for_writing(c, r, flags);
	if (err < 0)
		return err;
	if (!value_is_null(&r->values[FIELD_AT_DELETED_AT]))
		return 0;
	record_set_at(r, FIELD_AT_DELETED_AT, value_time(c->now_ms));
	return write_stored(c, r, WRITE_DELETE, flags);
}

int record_restore(Call *c, Record *r, int flags)
{
	int err = open_for_writing(c, r, flags);
	if (err < 0)
		return err;
	if (value_is_null(&r->values[FIELD_AT_DELETED_AT]))
		return 0;
	record_set_at(r, FIELD_AT_DELETED_AT, value_null());
	return write_stored(c, r, WRITE_RESTORE, flags);
}

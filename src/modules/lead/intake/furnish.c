#include "modules/lead/intake/furnish.h"

#include "base/log.h"
#include "modules/lead/policy.h"
#include "record/record.h"

#define WEEK                                                                                            \
	"{\"mon\":[[\"09:00\",\"18:00\"]],\"tue\":[[\"09:00\",\"18:00\"]],\"wed\":[[\"09:00\",\"18:00\"]]," \
	"\"thu\":[[\"09:00\",\"18:00\"]],\"fri\":[[\"09:00\",\"18:00\"]],\"sat\":[],\"sun\":[]}"

/* The first four records, each referring to the one before. */
typedef struct {
	Id calendar, team, pool;
} Furniture;

static int calendar_make(Call *c, Furniture *f)
{
	Record *r = record_new(c, meta_object_of(c, "calendar"));
	record_set_text(r, "name", "标准工作时间");
	record_set_text(r, "week", WEEK);
	int err = record_create(c, r, RECORD_AS_HOUSE);
	f->calendar = record_id(r);
	return err;
}

static int admin_find(Call *c, Id *ret)
{
	ROWS rows = NULL;
	int err = db_query(c->tx, &rows,
	                   "SELECT id FROM person WHERE role = $1 AND deleted_at IS NULL ORDER BY created_at LIMIT 1",
	                   value_text("administrator"));
	if (err == 0)
		*ret = rows_next(rows) ? rows_id(rows, 0) : ID_NIL;
	return err;
}

/* The administrator heads the first team, and is in it until others are: a test lead has somewhere to go. */
static int team_make(Call *c, Furniture *f)
{
	Id admin = ID_NIL;
	int err = admin_find(c, &admin);
	if (err < 0)
		return err;
	Record *team = record_new(c, meta_object_of(c, "team"));
	record_set_text(team, "name", "销售部");
	record_set_ref(team, "head", admin);
	record_set_ref(team, "calendar", f->calendar);
	err = record_create(c, team, RECORD_AS_HOUSE);
	f->team = record_id(team);
	Record *user;
	if (err < 0 || id_is_nil(admin) || (err = record_load_any(c, "user", admin, &user)) < 0)
		return err;
	record_set_ref(user, "team", f->team);
	return record_update(c, user, RECORD_AS_HOUSE);
}

/* It names nobody, so it is for every salesperson. */
static int pool_make(Call *c, Furniture *f)
{
	Record *r = record_new(c, meta_object_of(c, "pool"));
	record_set_text(r, "name", "公共线索池");
	int err = record_create(c, r, RECORD_AS_HOUSE);
	f->pool = record_id(r);
	return err;
}

static int source_make(Call *c)
{
	Record *r = record_new(c, meta_object_of(c, "source"));
	record_set_text(r, "name", "官网表单");
	record_set_text(r, "key", "web");
	record_set_text(r, "grade", "high");
	record_set_int(r, "weight", 80);
	return record_create(c, r, RECORD_AS_HOUSE);
}

static int house_furnish(Tx *tx, void *arg)
{
	Call *c = call_new_system(tx_mem(tx), arg, tx, "first start");
	Furniture f = {0};
	Policy policy;
	int64_t version;
	int err = policy_load(c, 0, &policy);
	if (err != ERR_NOT_FOUND)
		return err;
	if ((err = calendar_make(c, &f)) < 0 || (err = team_make(c, &f)) < 0 || (err = pool_make(c, &f)) < 0 ||
	    (err = source_make(c)) < 0)
		return err;
	policy = policy_default(f.pool);
	return policy_save(c, &policy, POLICY_FIRST_NOTE, &version);
}

int furnish(House *house)
{
	int err = store_write_wait(house->store, house_furnish, house);
	if (err < 0)
		log_error("lead", "the first records could not be made (%s)", err_code(err));
	return err;
}

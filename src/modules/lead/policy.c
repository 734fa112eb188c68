/* The policy as JSON, as a checked struct and as versions in the database. Who may change it and what follows from
 * a change stands in policy_api.c. */
#include "modules/lead/policy.h"

#include <stdlib.h>
#include <string.h>

#include "modules/lead/lead_int.h"

static const char *const LEVELS[] = {"province", "city", "district"};
static const char *const RANKS[] = {"weight", "load", "idle"};
static const char *const HOURS[] = {"hold", "on_call", "pool"};
static const char *const RETURNING[] = {"contacting", "qualified"};
static const char *const KEEPING[] = {"open", "won"};

static const struct {
	const char *name;
	size_t offset;
	int min, max;
} NUMBERS[] = {
	{"touch_minutes", offsetof(Policy, touch_minutes), 1, 7 * 24 * 60},
	{"protection_minutes", offsetof(Policy, protection_minutes), 1, 30 * 24 * 60},
	{"hops_max", offsetof(Policy, hops_max), 1, 20},
	{"escalate_minutes", offsetof(Policy, escalate_minutes), 1, 30 * 24 * 60},
	{"freeze_misses", offsetof(Policy, freeze_misses), 1, 100},
	{"load_max", offsetof(Policy, load_max), 1, 1000},
	{"summary_min", offsetof(Policy, summary_min), 0, 500},
	{"return_days", offsetof(Policy, return_days), 0, 730},
	{"return_warn_days", offsetof(Policy, return_warn_days), 0, 90},
	{"cooling_days", offsetof(Policy, cooling_days), 0, 730},
	{"stock_max", offsetof(Policy, stock_max), 0, 100000},
	{"account_days", offsetof(Policy, account_days), 0, 3650},
	{"account_warn_days", offsetof(Policy, account_warn_days), 0, 365},
	{"account_stock_max", offsetof(Policy, account_stock_max), 0, 100000},
	{"report_minute", offsetof(Policy, report_minute), 0, 24 * 60 - 1},
};

static const char *const MEMBERS[] = {"pools", "territory_by", "everywhere", "fallback_pool", "touch_minutes",
	"protection_minutes", "hops_max", "escalate_minutes", "freeze_misses", "load_max", "summary_min", "rank",
	"out_of_hours", "on_call", "out_of_hours_pool", "return_days", "return_warn_days", "cooling_days", "stock_max",
	"return_from", "account_days", "account_warn_days", "account_stock_max", "account_keep", "account_pool",
	"report_minute", "report_every_day"};

static int index_of(const char *text, const char *const *names, size_t n)
{
	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return -1;
}

const char *policy_level_name(int bit)
{
	return LEVELS[bit];
}

const char *policy_rank_name(PolicyRank rank)
{
	return RANKS[rank];
}

const char *policy_hours_name(PolicyHours hours)
{
	return HOURS[hours];
}

bool policy_returns(const Policy *policy, const char *status)
{
	int which = index_of(status, RETURNING, ARRAY_LEN(RETURNING));
	return policy->return_days > 0 && which >= 0 && (policy->return_from & 1u << which);
}

/* ---- reading; a fault never stops the reading, so that a form shows all of them at once ---- */

static void id_read(Call *c, const json_t *object, const char *field, const char *key, bool required, Id *ret)
{
	const json_t *value = json_object_get(object, key);
	if (!value || json_is_null(value)) {
		if (required)
			(void)call_fault(c, field, "required", "Choose one.", "请选择。");
		return;
	}
	const char *text = json_string_value(value);
	if (!text || !id_parse(text, strlen(text), ret))
		(void)call_fault(c, field, "invalid_id", "This is not an id.", "这不是有效的标识。");
}

static bool flag_read(Call *c, const json_t *object, const char *field, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);
	if (value && !json_is_boolean(value))
		(void)call_fault(c, field, "not_bool", "Say true or false.", "应为 true 或 false。");
	return value && json_is_boolean(value) ? json_is_true(value) : fallback;
}

static bool pool_is_listed(const Policy *policy, int before, Id pool)
{
	for (int i = 0; i < before; i++)
		if (id_equal(policy->pools[i].pool, pool))
			return true;
	return false;
}

static void pool_read(Call *c, const json_t *item, int i, Policy *policy)
{
	PolicyPool *pool = &policy->pools[i];
	const char *field = talloc_asprintf(c, "pools[%d].pool", i);
	*pool = (PolicyPool){.territory = true, .skill = true};
	if (!json_is_object(item)) {
		(void)call_fault(c, talloc_asprintf(c, "pools[%d]", i), "not_object", "A pool entry is an object.", "线索池应为对象。");
		return;
	}
	id_read(c, item, field, "pool", true, &pool->pool);
	if (!id_is_nil(pool->pool) && pool_is_listed(policy, i, pool->pool))
		(void)call_fault(c, field, "twice", "This pool is listed twice.", "该线索池重复。");
	const json_t *filters = json_object_get(item, "filters");
	if (!filters)
		return;
	pool->territory = flag_read(c, filters, talloc_asprintf(c, "pools[%d].filters.territory", i), "territory", true);
	pool->skill = flag_read(c, filters, talloc_asprintf(c, "pools[%d].filters.skill", i), "skill", true);
}

static void pools_read(Call *c, const json_t *json, Policy *ret)
{
	const json_t *pools = json_object_get(json, "pools");
	size_t n = json_array_size(pools);
	if (n == 0 || n > POLICY_POOLS_MAX) {
		(void)call_fault(c, "pools", n ? "too_many" : "required", "Name between one and %d pools.",
			"请指定 1 到 %d 个线索池。", POLICY_POOLS_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++)
		pool_read(c, json_array_get(pools, i), (int)i, ret);
	ret->n_pools = (int)n;
}

static void numbers_read(Call *c, const json_t *json, Policy *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++) {
		const json_t *value = json_object_get(json, NUMBERS[i].name);
		if (!value)
			continue;
		json_int_t number = json_integer_value(value);
		if (!json_is_integer(value) || number < NUMBERS[i].min || number > NUMBERS[i].max) {
			(void)call_fault(c, NUMBERS[i].name, "out_of_range", "This is a whole number from %d to %d.",
				"应为 %d 到 %d 的整数。", NUMBERS[i].min, NUMBERS[i].max);
			continue;
		}
		*(int *)((char *)ret + NUMBERS[i].offset) = (int)number;
	}
}

/* A list of names, each once, as bits; an absent list leaves the bits as they are. False: it is no such list. */
static bool list_read(const json_t *json, const char *key, const char *const *names, size_t n_names, unsigned *ret)
{
	const json_t *list = json_object_get(json, key);
	unsigned bits = 0;
	size_t n = json_array_size(list);
	if (list && !json_is_array(list))
		return false;
	for (size_t i = 0; i < n; i++) {
		int which = index_of(json_string_value(json_array_get(list, i)), names, n_names);
		if (which < 0 || bits & 1u << which)
			return false;
		bits |= 1u << which;
	}
	*ret = list ? bits : *ret;
	return true;
}

/* The same; a fault when it is none, or empty where one is needed. */
static void bits_read(Call *c, const json_t *json, const char *key, const char *const *names, size_t n_names,
	bool may_be_empty, unsigned *ret)
{
	unsigned bits = *ret;
	if (list_read(json, key, names, n_names, &bits) && (bits || may_be_empty)) {
		*ret = bits;
		return;
	}
	char *all = talloc_strdup(c, names[0]);
	for (size_t i = 1; i < n_names; i++)
		all = talloc_asprintf_append(all, ", %s", names[i]);
	(void)call_fault(c, key, "invalid", "List some of %s, each once.", "请列出 %s 中的若干项，不可重复。", all);
}

/* Nobody can be warned before the lead was touched last. */
static void return_check(Call *c, const Policy *policy)
{
	if (policy->return_days && policy->return_warn_days >= policy->return_days)
		(void)call_fault(c, "return_warn_days", "too_early", "The warning comes fewer days before than the %d days "
			"after which a lead returns.", "提醒提前的天数应少于退回天数（%d 天）。", policy->return_days);
	if (policy->account_days && policy->account_warn_days >= policy->account_days)
		(void)call_fault(c, "account_warn_days", "too_early", "The warning comes fewer days before than the %d days "
			"after which a customer returns.", "提醒提前的天数应少于退回天数（%d 天）。", policy->account_days);
	if (policy->account_days && id_is_nil(policy->account_pool))
		(void)call_fault(c, "account_pool", "required", "Say into which pool customers return.",
			"请选择客户退回到哪个线索池。");
}

static void rank_read(Call *c, const json_t *json, Policy *ret)
{
	const json_t *rank = json_object_get(json, "rank");
	if (!rank)
		return;
	PolicyRank found[POLICY_RANKS];
	unsigned seen = 0;
	size_t n = json_array_size(rank);
	bool good = json_is_array(rank) && n > 0 && n <= POLICY_RANKS;
	for (size_t i = 0; good && i < n; i++) {
		int which = index_of(json_string_value(json_array_get(rank, i)), RANKS, ARRAY_LEN(RANKS));
		good = which >= 0 && !(seen & 1u << which);
		if (good) {
			found[i] = (PolicyRank)which;
			seen |= 1u << which;
		}
	}
	if (!good) {
		(void)call_fault(c, "rank", "invalid", "List weight, load or idle, each once.",
			"请列出 weight、load、idle 中的若干项，不可重复。");
		return;
	}
	memcpy(ret->rank, found, n * sizeof *found);
	ret->n_rank = (int)n;
}

static void hours_read(Call *c, const json_t *json, Policy *ret)
{
	const json_t *mode = json_object_get(json, "out_of_hours");
	if (mode) {
		int which = index_of(json_string_value(mode), HOURS, ARRAY_LEN(HOURS));
		if (which < 0)
			(void)call_fault(c, "out_of_hours", "invalid", "Say hold, on_call or pool.", "应为 hold、on_call 或 pool。");
		else
			ret->out_of_hours = (PolicyHours)which;
	}
	id_read(c, json, "on_call", "on_call", ret->out_of_hours == POLICY_ON_CALL, &ret->on_call);
	id_read(c, json, "out_of_hours_pool", "out_of_hours_pool", ret->out_of_hours == POLICY_TO_POOL,
		&ret->out_of_hours_pool);
}

static void members_check(Call *c, const json_t *json)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)json, key, value)
		if (index_of(key, MEMBERS, ARRAY_LEN(MEMBERS)) < 0)
			(void)call_fault(c, key, "unknown", "A policy has no such member.", "策略没有这一项。");
}

int policy_parse(Call *c, const json_t *json, Policy *ret)
{
	if (!json_is_object(json))
		return call_fault(c, "policy", "not_object", "A policy is an object.", "策略应为对象。");
	Policy policy = policy_default(ID_NIL);
	policy.n_pools = 0;
	members_check(c, json);
	pools_read(c, json, &policy);
	id_read(c, json, "fallback_pool", "fallback_pool", true, &policy.fallback_pool);
	numbers_read(c, json, &policy);
	bits_read(c, json, "territory_by", LEVELS, ARRAY_LEN(LEVELS), false, &policy.territory_by);
	bits_read(c, json, "return_from", RETURNING, ARRAY_LEN(RETURNING), false, &policy.return_from);
	bits_read(c, json, "account_keep", KEEPING, ARRAY_LEN(KEEPING), true, &policy.account_keep);
	id_read(c, json, "account_pool", "account_pool", false, &policy.account_pool);
	rank_read(c, json, &policy);
	hours_read(c, json, &policy);
	policy.everywhere = flag_read(c, json, "everywhere", "everywhere", true);
	policy.report_every_day = flag_read(c, json, "report_every_day", "report_every_day", true);
	return_check(c, &policy);
	if (c->err < 0)
		return c->err;
	*ret = policy;
	return 0;
}

Policy policy_default(Id pool)
{
	return (Policy){
		.pools = {{pool, true, true}}, .n_pools = 1, .territory_by = POLICY_PROVINCE | POLICY_CITY, .everywhere = true,
		.fallback_pool = pool, .touch_minutes = 5, .protection_minutes = 120, .hops_max = 3, .escalate_minutes = 120,
		.freeze_misses = 3, .load_max = 3, .summary_min = 20,
		.rank = {POLICY_RANK_WEIGHT, POLICY_RANK_LOAD, POLICY_RANK_IDLE}, .n_rank = 3, .out_of_hours = POLICY_HOLD,
		.return_warn_days = 3, .return_from = POLICY_CONTACTING | POLICY_QUALIFIED, .report_minute = 10 * 60,
		.report_every_day = true, .account_warn_days = 7, .account_keep = POLICY_KEEP_OPEN | POLICY_KEEP_WON,
	};
}

/* ---- writing ---- */

static void pools_write(const Policy *policy, JsonOut *out)
{
	json_key(out, "pools");
	json_array_begin(out);
	for (int i = 0; i < policy->n_pools; i++) {
		json_object_begin(out);
		json_member_id(out, "pool", policy->pools[i].pool);
		json_key(out, "filters");
		json_object_begin(out);
		json_member_bool(out, "territory", policy->pools[i].territory);
		json_member_bool(out, "skill", policy->pools[i].skill);
		json_object_end(out);
		json_object_end(out);
	}
	json_array_end(out);
}

static void bits_write(JsonOut *out, const char *key, const char *const *names, size_t n, unsigned bits)
{
	json_key(out, key);
	json_array_begin(out);
	for (size_t i = 0; i < n; i++)
		if (bits & 1u << i)
			json_put_text(out, names[i]);
	json_array_end(out);
}

static void lists_write(const Policy *policy, JsonOut *out)
{
	bits_write(out, "territory_by", LEVELS, ARRAY_LEN(LEVELS), policy->territory_by);
	bits_write(out, "return_from", RETURNING, ARRAY_LEN(RETURNING), policy->return_from);
	bits_write(out, "account_keep", KEEPING, ARRAY_LEN(KEEPING), policy->account_keep);
	json_key(out, "rank");
	json_array_begin(out);
	for (int i = 0; i < policy->n_rank; i++)
		json_put_text(out, RANKS[policy->rank[i]]);
	json_array_end(out);
}

void policy_write(const Policy *policy, JsonOut *out)
{
	json_object_begin(out);
	pools_write(policy, out);
	lists_write(policy, out);
	json_member_bool(out, "everywhere", policy->everywhere);
	json_member_bool(out, "report_every_day", policy->report_every_day);
	json_member_id(out, "fallback_pool", policy->fallback_pool);
	for (size_t i = 0; i < ARRAY_LEN(NUMBERS); i++)
		json_member_int(out, NUMBERS[i].name, *(const int *)((const char *)policy + NUMBERS[i].offset));
	json_member_text(out, "out_of_hours", HOURS[policy->out_of_hours]);
	json_member_id(out, "on_call", policy->on_call);
	json_member_id(out, "account_pool", policy->account_pool);
	json_member_id(out, "out_of_hours_pool", policy->out_of_hours_pool);
	json_object_end(out);
}

/* ---- versions ---- */

int policy_save(Call *c, const Policy *policy, const char *note, int64_t *ret_version)
{
	int64_t newest = 0;
	int r = tx_lock(c->tx, "policy");
	if (r == 0)
		r = db_int(c->tx, &newest, "SELECT COALESCE(MAX(version), 0) FROM policy");
	if (r < 0)
		return r;
	if (!call_saw(c, newest))
		return call_refuse_stale(c, newest);
	Buf *body = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(body);
	policy_write(policy, &out);
	r = db_exec(c->tx, "INSERT INTO policy (version, at, author, note, body) VALUES ($1, $2, $3, $4, $5)",
		value_int(newest + 1), value_time(c->now_ms), value_id(c->who.user), value_text(note ? note : ""),
		value_text(body->data));
	if (r == 0)
		r = lead_people_changed(c);
	if (r == 0 && (policy->return_days || policy->account_days))
		r = idle_soon(c);
	if (r == 0)
		*ret_version = newest + 1;
	return r;
}

int policy_load(Call *c, int64_t version, Policy *ret)
{
	ROWS rows = NULL;
	int r = version ? db_query(c->tx, &rows, "SELECT version, body FROM policy WHERE version = $1", value_int(version))
	                : db_query(c->tx, &rows, "SELECT version, body FROM policy ORDER BY version DESC LIMIT 1");
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) < 0 ? rows_error(rows) : ERR_NOT_FOUND;
	const char *body = rows_text(rows, 1);
	JsonFault fault;
	json_t *json = json_parse(c, body, strlen(body), &fault);
	Policy policy;
	r = json ? policy_parse(c, json, &policy) : ERR_INTERNAL;
	if (r < 0)
		return r;
	policy.version = rows_int(rows, 0);
	*ret = policy;
	return 0;
}

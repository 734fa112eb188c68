/* What an administrator enters about a service. */
#include <string.h>

#include "call/when.h"
#include "modules/service/service_int.h"

static const char *blank_to_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

/* A text of the request, else what there was. */
static const char *text_of(const Call *c, const char *name, const char *old)
{
	const char *text = call_text(c, name);
	return text ? blank_to_null(text) : old;
}

/* ---- checked ---- */

static int check_address(Call *c, const Service *s)
{
	if (s->item.name)
		return 0;
	const char *fault = s->address ? probe_fault(s->kind, s->address, s->allowed_host) : "required";
	if (!fault)
		return 0;
	if (strcmp(fault, "required") == 0)
		return call_fault(c, "address", "required", "An address is needed.", "请填写地址。");
	if (strcmp(fault, "plain") == 0)
		return call_fault(c, "address", "plain", "Without TLS only to a host that is named as allowed.",
		                  "未加密的地址需先将该主机填入“允许的主机”。");
	if (strcmp(fault, "scheme") == 0 || strcmp(fault, "malformed") == 0 || strcmp(fault, "userinfo") == 0)
		return call_fault(c, "address", "url",
		                  "Expected: https://host/path, tls://host:port, tcp://host:port or smtps://host:port.",
		                  "地址格式：https://主机/路径、tls://主机:端口、tcp://主机:端口 或 smtps://主机:端口。");
	return call_fault(c, "address", "private_address",
	                  "This address belongs to this server or to a private network. Name the host as allowed if it is "
	                  "meant.",
	                  "该地址指向本服务器或内网。如确需使用，请将该主机填入“允许的主机”。");
}

static int check_ids(Call *c, const json_t *affects, const char *kind, const char *of)
{
	const json_t *ids = json_object_get(affects, kind);
	if (!ids)
		return 0;
	if (!json_is_array(ids) || json_array_size(ids) > AFFECTS_MAX)
		return call_fault(c, "affects", "type", "Lists of at most %d ids are expected.", "应为最多 %d 个 id 的列表。",
		                  AFFECTS_MAX);
	OutsideItem *items = NULL;
	size_t n = 0;
	const OutsideKind *k = outside_kind(c->house, of);
	int r = k ? k->list(c, &items, &n) : 0;
	for (size_t i = 0; r == 0 && i < json_array_size(ids); i++) {
		const char *text = json_string_value(json_array_get(ids, i));
		bool found = false;
		Id id;
		for (size_t j = 0; text && id_parse(text, strlen(text), &id) && j < n && !found; j++)
			found = id_equal(items[j].id, id);
		if (!found)
			return call_fault(c, "affects", "unknown", "What hangs on it names a source or channel that is not there.",
			                  "受影响的来源或渠道不存在。");
	}
	return r;
}

static int check_affects(Call *c, Service *s)
{
	const json_t *given = call_json(c, "affects");
	if (given && !json_is_object(given))
		return call_fault(c, "affects", "type", "An object is expected.", "应为对象。");
	int r = given ? check_ids(c, given, "sources", "source") : 0;
	if (r == 0 && given)
		r = check_ids(c, given, "channels", "channel");
	if (r < 0 || !given)
		return r;
	json_t *kept = json_own(c, json_object());
	static const char *const names[] = {"sources", "channels"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (json_object_get(given, names[i]))
			json_object_set(kept, names[i], json_object_get(given, names[i]));
	s->affects = kept;
	return 0;
}

static int check_owner(Call *c, Service *s)
{
	int64_t found = 0;
	const char *text = call_text(c, "owner");
	if (!text)
		return 0;
	s->owner = ID_NIL;
	if (!text[0])
		return 0;
	if (!id_parse(text, strlen(text), &s->owner))
		return call_fault(c, "owner", "id", "This is no id.", "id 格式不正确。");
	int r = db_int(c->tx, &found, "SELECT COUNT(*) FROM person WHERE id = $1 AND deleted_at IS NULL",
	               value_id(s->owner));
	if (r < 0)
		return call_store_failed(c, r);
	return found ? 0 : call_fault(c, "owner", "unknown", "There is no such person.", "没有这个人员。");
}

static int check_expiry(Call *c, Service *s)
{
	const char *text = call_text(c, "expires_at");
	if (!text)
		return 0;
	s->expires_ms = 0;
	if (!text[0] || when_parse(text, strlen(text), &s->expires_ms))
		return 0;
	return call_fault(c, "expires_at", "time", "Expected a time like 2026-12-31T23:59:59+08:00.",
	                  "时间格式如 2026-12-31T23:59:59+08:00。");
}

static int service_fill(Call *c, Service *s)
{
	s->name = s->item.name ? s->item.name : text_of(c, "name", s->name);
	s->address = text_of(c, "address", s->address);
	s->method = text_of(c, "method", s->method);
	s->expect_text = text_of(c, "expect_text", s->expect_text);
	s->allowed_host = text_of(c, "allowed_host", s->allowed_host);
	s->contact = text_of(c, "contact", s->contact);
	s->cost = text_of(c, "cost", s->cost);
	s->note = text_of(c, "note", s->note);
	s->expect_status = call_int(c, "expect_status", s->expect_status);
	s->every_s = call_int(c, "every_s", s->every_s);
	s->slow_ms = call_int(c, "slow_ms", s->slow_ms);
	s->sla = call_int(c, "sla", s->sla);
	s->enabled = call_flag(c, "enabled", s->enabled);
	int r = s->name ? 0 : call_fault(c, "name", "required", "A name is needed.", "请填写名称。");
	r = check_address(c, s) < 0 ? ERR_INVALID : r;
	int (*const checks[])(Call *, Service *) = {check_affects, check_owner, check_expiry};
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		int fault = checks[i](c, s);
		r = fault < 0 ? fault : r;
	}
	return r;
}

/* ---- written ---- */

static int service_store(Call *c, const Service *s)
{
	Buf *affects = buf_new(c, 16 * 1024);
	JsonOut o = json_out(affects);
	json_put_tree(&o, s->affects);
	int r = db_exec(c->tx, "DELETE FROM service WHERE id = $1", value_id(s->id));
	if (r == 0)
		r = db_exec(c->tx,
		            "INSERT INTO service (id, kind, name, address, method, expect_status, expect_text, allowed_host, "
		            "every_s, slow_ms, sla, contact, owner, cost, note, expires_at, affects, enabled, created_at) "
		            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
		            value_id(s->id), value_text(s->kind), value_text(s->item.name ? NULL : s->name),
		            value_text(s->address), value_text(s->method), value_int(s->expect_status),
		            value_text(s->expect_text), value_text(s->allowed_host), value_int(s->every_s),
		            value_int(s->slow_ms), value_int(s->sla), value_text(s->contact), value_id(s->owner),
		            value_text(s->cost), value_text(s->note), s->expires_ms ? value_time(s->expires_ms) : value_null(),
		            value_text(affects->data), value_bool(s->enabled), value_time(id_time_ms(s->id)));
	return r < 0 ? call_store_failed(c, r) : expiry_schedule(c, s->id, s->expires_ms);
}

/* State and channels follow what was written; then the answer. */
static int service_done(Call *c, Id id)
{
	int r = outage_apply(c);
	if (r == 0)
		r = watch_changed(c, id);
	return r < 0 ? r : service_answer(c, id);
}

static int find_source(Call *c, Service *s)
{
	OutsideItem *items = NULL;
	size_t n = 0;
	const OutsideKind *kind = outside_kind(c->house, s->kind);
	int r = kind ? kind->list(c, &items, &n) : 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (id_equal(items[i].id, call_id(c, "subject"))) {
			s->item = items[i];
			s->id = items[i].id;
			return 0;
		}
	return r < 0 ? r : call_fault(c, "subject", "unknown", "There is no such source.", "没有这个来源。");
}

/* A change is laid over what stands; of two at once neither loses the other's. */
static int one_at_a_time(Call *c)
{
	return call_store_failed(c, tx_lock(c->tx, "services"));
}

int service_create(Call *c)
{
	int64_t n = 0, there = 0;
	Service s = {.id = id_new(c->now_ms), .kind = call_text(c, "kind"), .every_s = SERVICE_EVERY_S,
		.slow_ms = SERVICE_SLOW_MS, .enabled = true, .affects = json_own(c, json_object())};
	int r = one_at_a_time(c);
	if (r == 0 && strcmp(s.kind, "source") == 0)
		r = find_source(c, &s);
	if (r == 0)
		r = service_fill(c, &s);
	if (r == 0)
		r = call_store_failed(c, db_int(c->tx, &n, "SELECT COUNT(*) FROM service WHERE id <> $1", value_id(s.id)));
	if (r == 0)
		r = call_store_failed(c, db_int(c->tx, &there, "SELECT COUNT(*) FROM service WHERE id = $1", value_id(s.id)));
	if (r < 0)
		return r;
	if (there)
		return call_fail(c, ERR_CONFLICT, "exists", "It is on the list already.", "已在列表中。");
	if (n >= SERVICES_MAX)
		return call_fail(c, ERR_CONFLICT, "too_many", "There are too many services already.", "外部服务数量已达上限。");
	c->status = 201;
	r = service_store(c, &s);
	return r < 0 ? r : service_done(c, s.id);
}

int service_patch(Call *c)
{
	Service s;
	int r = one_at_a_time(c);
	if (r == 0)
		r = service_load(c, call_id(c, "id"), &s);
	if (r == 0)
		r = service_fill(c, &s);
	if (r == 0)
		r = service_store(c, &s);
	return r < 0 ? r : service_done(c, s.id);
}

int service_delete(Call *c)
{
	Service s;
	Id id = call_id(c, "id");
	int r = one_at_a_time(c);
	if (r == 0)
		r = service_load(c, id, &s);
	if (r == 0)
		r = call_store_failed(c, db_exec(c->tx, "DELETE FROM service WHERE id = $1", value_id(id)));
	if (r == 0 && !s.item.name)
		r = call_store_failed(c, db_exec(c->tx, "DELETE FROM service_state WHERE service = $1", value_id(id)));
	if (r == 0)
		r = expiry_schedule(c, id, 0);
	if (r == 0)
		r = outage_apply(c);
	c->status = 204;
	return r < 0 ? r : watch_changed(c, id);
}

/* The policy as administrators see it: what is in force, its versions, one click back. A change is announced and
 * the leads that wait get another chance (F4). */
#include <string.h>

#include "call/module.h"
#include "modules/lead/lead_int.h"

#define VERSIONS_MAX 200
#define NOTE_MAX 500

/* Only a person's note is told as it was written. */
static const char *note_of(const Call *c, const Rows *rows)
{
	const char *note = rows_text(rows, 3);
	bool first = c->lang == LANG_EN && id_is_nil(rows_id(rows, 2)) && note && strcmp(note, POLICY_FIRST_NOTE) == 0;
	return first ? "Rules a new house begins with" : note;
}

static void version_head(Call *c, const Roster *roster, const Rows *rows)
{
	JsonOut *out = &c->json;
	json_member_int(out, "version", rows_int(rows, 0));
	card_time(out, "at", rows_int(rows, 1));
	card_person(out, "author", roster, rows_id(rows, 2));
	json_member_text(out, "note", note_of(c, rows));
	json_member_bool(out, "in_force", rows_int(rows, 0) == roster->policy.version);
}

/* One version with its content; 0: the one in force. */
static int version_write(Call *c, int64_t version)
{
	const Roster *roster;
	Policy policy;
	int r = roster_of(c, &roster);
	if (r == 0)
		r = policy_load(c, version, &policy);
	if (r == ERR_NOT_FOUND)
		return call_fail(c, r, "not_found", "There is no such version of the policy.", "没有这个策略版本。");
	if (r < 0)
		return call_store_failed(c, r);
	ROWS rows = NULL;
	r = db_query(c->tx, &rows, "SELECT version, at, author, note FROM policy WHERE version = $1",
		value_int(policy.version));
	if (r < 0 || !rows_next(rows))
		return call_store_failed(c, r < 0 ? r : ERR_INTERNAL);
	json_object_begin(&c->json);
	version_head(c, roster, rows);
	json_key(&c->json, "policy");
	policy_write(&policy, &c->json);
	json_object_end(&c->json);
	return 0;
}

static int policy_get(Call *c)
{
	return version_write(c, 0);
}

static int policy_version(Call *c)
{
	return version_write(c, call_int(c, "version", 0));
}

static int policy_versions(Call *c)
{
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return call_store_failed(c, r);
	ROWS rows = NULL;
	r = db_query(c->tx, &rows, "SELECT version, at, author, note FROM policy ORDER BY version DESC LIMIT $1",
		value_int(VERSIONS_MAX));
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows)) {
		json_object_begin(&c->json);
		version_head(c, roster, rows);
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, rows_error(rows));
}

/* Puts a checked policy in force, tells everybody, and has the waiting leads looked at again. */
static int policy_enact(Call *c, const Policy *policy, const char *note)
{
	int64_t version;
	int r = policy_save(c, policy, note, &version);
	if (r == 0)
		r = record_event(c, &(EventRow){.kind = "policy.changed", .object = "policy",
			.data = talloc_asprintf(c, "{\"version\":%lld}", (long long)version)});
	if (r == 0)
		r = drain_soon(c);
	if (r < 0)
		return call_store_failed(c, r);
	c->status = 201;
	return version_write(c, version);
}

/* Its people and pools are there: also of a version that was in force long ago. */
static int policy_fits(Call *c, const Policy *policy)
{
	const Roster *roster;
	int r = call_store_failed(c, roster_of(c, &roster));
	return r < 0 ? r : policy_check(c, policy, roster);
}

static int policy_put(Call *c)
{
	Policy policy;
	int r = policy_parse(c, call_json(c, "policy"), &policy);
	if (r == 0)
		r = policy_fits(c, &policy);
	return r < 0 ? r : policy_enact(c, &policy, call_text(c, "note"));
}

static int policy_restore(Call *c)
{
	Policy policy;
	int64_t version = call_int(c, "version", 0);
	int r = policy_load(c, version, &policy);
	if (r == ERR_NOT_FOUND)
		return call_fail(c, r, "not_found", "There is no such version of the policy.", "没有这个策略版本。");
	if (r == 0)
		r = policy_fits(c, &policy);
	if (r < 0)
		return call_store_failed(c, r);
	return policy_enact(c, &policy, talloc_asprintf(c, c->lang == LANG_EN ? "Version %lld again" : "恢复第 %lld 版",
		(long long)version));
}

static const char *const migrations[] = {
	"CREATE TABLE policy (version {INT} PRIMARY KEY, at {TIME} NOT NULL, author {ID}, note {TEXT} NOT NULL, "
	"body {TEXT} NOT NULL)",
	NULL,
};

static const Param version_params[] = {{"version", PARAM_INT, PARAM_IN_PATH, true, .min = 1, .max = INT32_MAX}, {0}};
static const Param put_params[] = {
	{"policy", PARAM_JSON, PARAM_IN_BODY, true, .help = "POLICY, see docs/developers/api.md"},
	{"note", PARAM_TEXT, PARAM_IN_BODY, .max = NOTE_MAX},
	{0},
};
static const Param try_params[] = {{"policy", PARAM_JSON, PARAM_IN_BODY, true}, {0}};

static const Endpoint endpoints[] = {
	{"GET", "/policy", "record.read", CALL_READ, NULL, policy_get, "The assignment policy in force"},
	{"PUT", "/policy", "settings.manage", CALL_WRITE, put_params, policy_put,
	"Put a new version of the policy in force"},
	{"GET", "/policy/versions", "record.read", CALL_READ, NULL, policy_versions,
	"Versions of the policy, newest first"},
	{"GET", "/policy/versions/:version", "record.read", CALL_READ, version_params, policy_version,
	"One version of the policy"},
	{"POST", "/policy/versions/:version/restore", "settings.manage", CALL_WRITE, version_params, policy_restore,
		"Put an old version in force again"},
	{"POST", "/policy/try", "settings.manage", CALL_WORKER, try_params, replay_try,
		"What a policy would have done with the last 1,000 leads"},
	{0},
};

const Module policy_module = {.name = "policy", .endpoints = endpoints, .migrations = migrations};

/* Writes the description straight from the rows and the catalogue: nothing in it is kept by hand. */
#include "api/openapi.h"

#include <ctype.h>
#include <string.h>

#include "api/live.h"
#include "meta/meta.h"

#define JSON_TYPE "application/json"

static void member(JsonOut *o, const char *key, const char *text)
{
	json_member_text(o, key, text);
}

static void begin(JsonOut *o, const char *key)
{
	json_key(o, key);
	json_object_begin(o);
}

static void reference(JsonOut *o, const char *kind, const char *name)
{
	char path[160];
	snprintf(path, sizeof path, "#/components/%s/%s", kind, name);
	member(o, "$ref", path);
}

/* One operation of the document: an endpoint, and the object it is shown for if its path names one by a parameter. */
typedef struct {
	const Endpoint *endpoint;
	const ObjectDef *object; /* or NULL */
	const PlainPath *plain;  /* or NULL: what is special about a call that is answered without the gate */
	const char *root;        /* "/api/v1", or "" for a path of its own */
	const char *path;        /* template: "/api/v1/leads/{id}/touch" */
} Operation;

/* "/leads/:id/touch" -> "/api/v1/leads/{id}/touch"; ":object" becomes the object's name. */
static const char *template_of(TALLOC_CTX *ctx, const char *root, const char *path, const ObjectDef *object)
{
	char *out = talloc_strdup(ctx, root);
	while (*path) {
		size_t n = strcspn(path, ":");
		out = talloc_strndup_append(out, path, n);
		path += n;
		if (*path != ':')
			continue;
		n = strcspn(++path, "/");
		out = object && n == 6 && memcmp(path, "object", 6) == 0 ? talloc_strdup_append(out, object->name)
		                                                         : talloc_asprintf_append(out, "{%.*s}", (int)n, path);
		path += n;
	}
	return out;
}

/* "POST /api/v1/leads/{id}/touch" -> "post_leads_id_touch" */
static const char *operation_name(TALLOC_CTX *ctx, const Operation *op)
{
	char *out = talloc_asprintf(ctx, "%s", op->endpoint->method);
	bool gap = true;
	for (const char *p = op->path + strlen(op->root); *p; p++) {
		bool word = isalnum((unsigned char)*p);
		if (word && gap)
			out = talloc_strdup_append(out, "_");
		if (word)
			out = talloc_strndup_append(out, p, 1);
		gap = !word;
	}
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

static void write_choices(JsonOut *o, const char *choices)
{
	json_key(o, "enum");
	json_array_begin(o);
	while (*choices) {
		size_t n = strcspn(choices, "|");
		json_put_text_n(o, choices, n);
		choices += n + (choices[n] == '|');
	}
	json_array_end(o);
}

/* What may be left out of an answer is null there. */
static void write_type(JsonOut *o, const char *type, bool nullable)
{
	if (!nullable) {
		member(o, "type", type);
		return;
	}
	json_key(o, "type");
	json_array_begin(o);
	json_put_text(o, type);
	json_put_text(o, "null");
	json_array_end(o);
}

static void write_id_schema(JsonOut *o, bool nullable)
{
	write_type(o, "string", nullable);
	member(o, "format", "uuid");
}

static void write_param_schema(JsonOut *o, const Param *p, bool nullable)
{
	json_object_begin(o);
	switch (p->type) {
	case PARAM_INT:
		write_type(o, "integer", nullable);
		if (p->min || p->max) {
			json_member_int(o, "minimum", p->min);
			json_member_int(o, "maximum", p->max);
		}
		break;
	case PARAM_BOOL: write_type(o, "boolean", nullable); break;
	case PARAM_ID: write_id_schema(o, nullable); break;
	case PARAM_TIME:
		write_type(o, "string", nullable);
		member(o, "format", "date-time");
		break;
	case PARAM_IDS:
		write_type(o, "array", nullable);
		begin(o, "items");
		write_id_schema(o, false);
		json_object_end(o);
		break;
	case PARAM_TEXT:
		write_type(o, "string", nullable);
		if (p->max)
			json_member_int(o, "maxLength", p->max);
		if (p->secret)
			member(o, "format", "password");
		if (p->choices)
			write_choices(o, p->choices);
		break;
	default: break; /* PARAM_JSON, PARAM_BODY: any value */
	}
	if (p->help && p->place == PARAM_IN_BODY)
		member(o, "description", p->help);
	json_object_end(o);
}

static void write_place(JsonOut *o, const Param *p)
{
	static const char *const places[] = {
		[PARAM_IN_PATH] = "path", [PARAM_IN_QUERY] = "query", [PARAM_IN_HEADER] = "header"};
	json_object_begin(o);
	member(o, "name", p->name);
	member(o, "in", places[p->place]);
	json_member_bool(o, "required", p->required || p->place == PARAM_IN_PATH);
	if (p->help)
		member(o, "description", p->help);
	json_key(o, "schema");
	write_param_schema(o, p, false);
	json_object_end(o);
}

/* ":object" is written out: one path for each object. */
static bool is_object_param(const char *name, size_t len)
{
	return len == 6 && memcmp(name, "object", 6) == 0;
}

static bool is_declared(const Param *params, const char *name, size_t len)
{
	for (const Param *p = params; p && p->type != PARAM_END; p++)
		if (p->place == PARAM_IN_PATH && strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return true;
	return false;
}

/* Path parameters that the table of Params leaves out still belong to the template. */
static void write_undeclared(JsonOut *o, const Endpoint *e, bool is_expanded)
{
	for (const char *at = strchr(e->path, ':'); at; at = strchr(at + 1, ':')) {
		size_t n = strcspn(at + 1, "/");
		if (is_declared(e->params, at + 1, n) || (is_expanded && is_object_param(at + 1, n)))
			continue;
		json_object_begin(o);
		json_key(o, "name");
		json_put_text_n(o, at + 1, n);
		member(o, "in", "path");
		json_member_bool(o, "required", true);
		begin(o, "schema");
		member(o, "type", "string");
		json_object_end(o);
		json_object_end(o);
	}
}

static void write_parameters(JsonOut *o, const Operation *op)
{
	const Param *params = op->endpoint->params;
	json_key(o, "parameters");
	json_array_begin(o);
	for (const Param *p = params; p && p->type != PARAM_END; p++)
		if (p->place != PARAM_IN_BODY && !(op->object && is_object_param(p->name, strlen(p->name))))
			write_place(o, p);
	write_undeclared(o, op->endpoint, op->object != NULL);
	json_array_end(o);
}

static void write_required(JsonOut *o, const Param *params)
{
	bool any = false;
	for (const Param *p = params; p->type != PARAM_END; p++) {
		if (!p->required || p->place != PARAM_IN_BODY || p->type == PARAM_BODY)
			continue;
		if (!any) {
			json_key(o, "required");
			json_array_begin(o);
		}
		any = true;
		json_put_text(o, p->name);
	}
	if (any)
		json_array_end(o);
}

static bool takes_body(const Param *params)
{
	for (const Param *p = params; p && p->type != PARAM_END; p++)
		if (p->place == PARAM_IN_BODY)
			return true;
	return false;
}

/* The members of a body, or of an answer that a table tells. */
static void write_members(JsonOut *o, const Param *params, bool is_answer)
{
	begin(o, "schema");
	member(o, "type", "object");
	begin(o, "properties");
	for (const Param *p = params; p->type != PARAM_END; p++)
		if (p->place == PARAM_IN_BODY && p->type != PARAM_BODY) {
			json_key(o, p->name);
			write_param_schema(o, p, is_answer && !p->required);
		}
	json_object_end(o);
	write_required(o, params);
	json_object_end(o);
}

static bool is_bytes(const Param *params)
{
	for (const Param *p = params; p->type != PARAM_END; p++)
		if (p->type == PARAM_BYTES)
			return true;
	return false;
}

static void write_bytes_schema(JsonOut *o)
{
	begin(o, "schema");
	member(o, "type", "string");
	member(o, "format", "binary");
	json_object_end(o);
}

static void write_body(JsonOut *o, const Operation *op)
{
	const Param *params = op->endpoint->params;
	if (!takes_body(params))
		return;
	begin(o, "requestBody");
	begin(o, "content");
	if (is_bytes(params)) {
		begin(o, "application/octet-stream");
		write_bytes_schema(o);
		for (int i = 0; i < 3; i++)
			json_object_end(o);
		return;
	}
	for (const char *type = op->plain ? op->plain->takes : JSON_TYPE; *type;) {
		size_t n = strcspn(type, "|");
		begin(o, talloc_strndup(o->buf, type, n));
		write_members(o, params, false);
		json_object_end(o);
		type += n + (type[n] == '|');
	}
	json_object_end(o);
	json_object_end(o);
}

/* What a call without the gate answers: what its table says, or a text told in the summary. */
static void write_plain_schema(JsonOut *o, const PlainPath *plain)
{
	if (plain->answer) {
		write_members(o, plain->answer, true);
		return;
	}
	begin(o, "schema");
	member(o, "type", "string");
	json_object_end(o);
}

/* What a successful answer holds: the record, a page of records, or an object told in the guide. */
static void write_answer_schema(JsonOut *o, const Operation *op)
{
	const char *name = op->object ? op->object->name : NULL;
	bool is_page = name && strcmp(op->endpoint->method, "GET") == 0 && !strchr(op->path, '{');
	begin(o, "schema");
	if (!name || strstr(op->path, "/count/") || strstr(op->path, "/batch") || strstr(op->path, "/history"))
		member(o, "type", "object");
	else if (!is_page)
		reference(o, "schemas", name);
	else {
		member(o, "type", "object");
		begin(o, "properties");
		begin(o, "items");
		member(o, "type", "array");
		begin(o, "items");
		reference(o, "schemas", name);
		json_object_end(o);
		json_object_end(o);
		json_object_end(o);
	}
	json_object_end(o);
}

static void write_responses(JsonOut *o, const Operation *op)
{
	begin(o, "responses");
	begin(o, op->plain ? talloc_asprintf(o->buf, "%d", op->plain->status) : "2XX");
	member(o, "description", "Done");
	begin(o, "content");
	const char *gives = op->plain ? op->plain->gives : op->endpoint->gives;
	begin(o, gives ? gives : JSON_TYPE);
	if (op->plain)
		write_plain_schema(o, op->plain);
	else if (gives)
		write_bytes_schema(o);
	else
		write_answer_schema(o, op);
	for (int i = 0; i < 3; i++)
		json_object_end(o);
	for (const char *const *status = (const char *const[]){"4XX", "5XX", NULL}; *status; status++) {
		begin(o, *status);
		reference(o, "responses", "Problem");
		json_object_end(o);
	}
	json_object_end(o);
}

static size_t tag_length(const char *path)
{
	return strcspn(path + 1, "/");
}

static void write_operation(Call *c, JsonOut *o, const Operation *op)
{
	const Endpoint *e = op->endpoint;
	char method[8];
	size_t n = 0;
	for (; e->method[n] && n < sizeof method - 1; n++)
		method[n] = (char)tolower((unsigned char)e->method[n]);
	method[n] = '\0';
	begin(o, method);
	member(o, "operationId", operation_name(c, op));
	member(o, "summary", e->summary);
	member(o, "description", talloc_asprintf(c, "%s. Right: %s.", e->summary, e->right));
	json_key(o, "tags");
	json_array_begin(o);
	json_put_text_n(o, e->path + 1, tag_length(e->path));
	json_array_end(o);
	if (strcmp(e->right, "public") == 0) {
		json_key(o, "security");
		json_array_begin(o);
		json_array_end(o);
	}
	write_parameters(o, op);
	write_body(o, op);
	write_responses(o, op);
	json_object_end(o);
}

/* The operations of the house, paths written out for each object. */
typedef struct {
	Operation *item;
	size_t n;
} Operations;

static bool is_shown(const Call *c, const Endpoint *e)
{
	return c->house->test_clock || strncmp(e->path, "/test/", 6) != 0;
}

/* A row of its own for this path wins over the general one: POST /records/lead. */
static bool is_there(const Operations *all, const Operation *op)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->item[i].path, op->path) == 0 &&
		    strcmp(all->item[i].endpoint->method, op->endpoint->method) == 0)
			return true;
	return false;
}

static void operation_add(Call *c, Operations *all, Operation op)
{
	op.path = template_of(c, op.root, op.endpoint->path, op.object);
	if (is_there(all, &op))
		return;
	all->item = talloc_realloc(c, all->item, Operation, all->n + 1);
	all->item[all->n++] = op;
}

static void collect(Call *c, Operations *all, bool general)
{
	const Catalogue *catalogue = meta_of(c);
	for (const Module *const *m = c->house->modules; *m; m++)
		for (const Endpoint *e = (*m)->endpoints; e && e->method; e++) {
			bool by_object = strstr(e->path, ":object") != NULL;
			if (by_object != general || !is_shown(c, e))
				continue;
			for (int i = 0; by_object && i < catalogue->n_objects; i++)
				operation_add(c, all, (Operation){.endpoint = e, .object = &catalogue->objects[i], .root = API_ROOT});
			if (!by_object)
				operation_add(c, all, (Operation){.endpoint = e, .root = API_ROOT});
		}
}

static void collect_table(Call *c, Operations *all, const PlainPath *plain, const char *root)
{
	for (; plain && plain->call.method; plain++)
		operation_add(c, all, (Operation){.endpoint = &plain->call, .plain = plain, .root = root});
}

static void collect_plain(Call *c, Operations *all)
{
	collect_table(c, all, live_paths, API_ROOT);
	for (const Module *const *m = c->house->modules; *m; m++)
		for (const RawRoute *raw = (*m)->raw; raw && raw->prefix; raw++)
			collect_table(c, all, raw->told, "");
}

static void write_tags(JsonOut *o, const Operations *all)
{
	json_key(o, "tags");
	json_array_begin(o);
	for (size_t i = 0; i < all->n; i++) {
		const char *path = all->item[i].endpoint->path;
		size_t n = tag_length(path);
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen =
				tag_length(all->item[k].endpoint->path) == n && memcmp(all->item[k].endpoint->path, path, n + 1) == 0;
		if (seen)
			continue;
		json_object_begin(o);
		json_key(o, "name");
		json_put_text_n(o, path + 1, n);
		member(o, "description", talloc_asprintf(o->buf, "Calls below %s%.*s", all->item[i].root, (int)n + 1, path));
		json_object_end(o);
	}
	json_array_end(o);
}

static void write_paths(Call *c, JsonOut *o)
{
	Operations all = {0};
	collect(c, &all, false);
	collect(c, &all, true);
	collect_plain(c, &all);
	write_tags(o, &all);
	begin(o, "paths");
	for (size_t i = 0; i < all.n; i++) {
		const char *path = all.item[i].path;
		if (!path)
			continue;
		begin(o, path);
		for (size_t k = i; k < all.n; k++)
			if (all.item[k].path && strcmp(all.item[k].path, path) == 0) {
				write_operation(c, o, &all.item[k]);
				all.item[k].path = k == i ? path : NULL;
			}
		json_object_end(o);
	}
	json_object_end(o);
}

static void write_field(JsonOut *o, const FieldDef *f)
{
	begin(o, f->name);
	member(o, "description", f->en);
	switch (f->type) {
	case FIELD_INT: member(o, "type", "integer"); break;
	case FIELD_BOOL: member(o, "type", "boolean"); break;
	case FIELD_TIME:
		member(o, "type", "string");
		member(o, "format", "date-time");
		break;
	case FIELD_DATE:
		member(o, "type", "string");
		member(o, "format", "date");
		break;
	case FIELD_REF: write_id_schema(o, false); break;
	case FIELD_JSON: break;
	case FIELD_CHOICE:
		member(o, "type", "string");
		json_key(o, "enum");
		json_array_begin(o);
		for (int i = 0; i < f->n_choices; i++)
			json_put_text(o, f->choices[i].value);
		json_array_end(o);
		break;
	default: member(o, "type", "string"); break;
	}
	if (f->read_only)
		json_member_bool(o, "readOnly", true);
	json_object_end(o);
}

static void write_schemas(Call *c, JsonOut *o)
{
	const Catalogue *catalogue = meta_of(c);
	begin(o, "schemas");
	for (int i = 0; i < catalogue->n_objects; i++) {
		const ObjectDef *object = &catalogue->objects[i];
		begin(o, object->name);
		member(o, "type", "object");
		member(o, "title", object->en);
		begin(o, "properties");
		for (int k = 0; k < object->n_fields; k++)
			if (!object->fields[k].hidden)
				write_field(o, &object->fields[k]);
		json_object_end(o);
		json_object_end(o);
	}
	json_object_end(o);
}

static void write_problem_response(JsonOut *o)
{
	begin(o, "responses");
	begin(o, "Problem");
	member(o, "description", "What went wrong, in the caller's language (RFC 9457)");
	begin(o, "content");
	begin(o, "application/problem+json");
	begin(o, "schema");
	member(o, "type", "object");
	begin(o, "properties");
	for (const char *const *name = (const char *const[]){"type", "title", "code", "detail", NULL}; *name; name++) {
		begin(o, *name);
		member(o, "type", "string");
		json_object_end(o);
	}
	for (int i = 0; i < 6; i++)
		json_object_end(o);
}

static void write_components(Call *c, JsonOut *o)
{
	begin(o, "components");
	begin(o, "securitySchemes");
	begin(o, "bearer");
	member(o, "type", "http");
	member(o, "scheme", "bearer");
	json_object_end(o);
	json_object_end(o);
	write_problem_response(o);
	write_schemas(c, o);
	json_object_end(o);
}

void openapi_write(Call *c, JsonOut *o)
{
	json_object_begin(o);
	member(o, "openapi", "3.1.0");
	begin(o, "info");
	member(o, "title", "Tenon");
	member(o, "version", "1.0.0");
	member(o, "description", "The API of a Tenon server: leads, customers and the rules that move them.");
	begin(o, "contact");
	member(o, "name", "The administrator of this server");
	json_object_end(o);
	begin(o, "license");
	member(o, "name", "Apache-2.0");
	member(o, "identifier", "Apache-2.0");
	json_object_end(o);
	json_object_end(o);
	json_key(o, "servers");
	json_array_begin(o);
	json_object_begin(o);
	member(o, "url", c->house->public_url ? c->house->public_url : "/");
	json_object_end(o);
	json_array_end(o);
	json_key(o, "security");
	json_array_begin(o);
	json_object_begin(o);
	json_key(o, "bearer");
	json_array_begin(o);
	json_array_end(o);
	json_object_end(o);
	json_array_end(o);
	write_paths(c, o);
	write_components(c, o);
	json_object_end(o);
}

/* Writes the description straight from the rows and the catalogue: nothing in it is kept by hand. */
#include "api/openapi.h"

#include <ctype.h>
#include <string.h>

#include "meta/meta.h"

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

/* "/leads/:id/touch" -> "/api/v1/leads/{id}/touch" */
static const char *template_of(TALLOC_CTX *ctx, const char *path)
{
	char *out = talloc_strdup(ctx, "/api/v1");
	while (*path) {
		size_t n = strcspn(path, ":");
		out = talloc_strndup_append(out, path, n);
		path += n;
		if (*path == ':') {
			n = strcspn(++path, "/");
			out = talloc_asprintf_append(out, "{%.*s}", (int)n, path);
			path += n;
		}
	}
	return out;
}

/* "POST /leads/:id/touch" -> "post_leads_id_touch" */
static const char *operation_of(TALLOC_CTX *ctx, const Endpoint *e)
{
	char *out = talloc_asprintf(ctx, "%s%s", e->method, e->path);
	for (char *p = out; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '_';
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

static void write_id_schema(JsonOut *o)
{
	member(o, "type", "string");
	member(o, "format", "uuid");
}

static void write_param_schema(JsonOut *o, const Param *p)
{
	json_object_begin(o);
	switch (p->type) {
	case PARAM_INT:
		member(o, "type", "integer");
		if (p->min || p->max) {
			json_member_int(o, "minimum", p->min);
			json_member_int(o, "maximum", p->max);
		}
		break;
	case PARAM_BOOL: member(o, "type", "boolean"); break;
	case PARAM_ID: write_id_schema(o); break;
	case PARAM_TIME:
		member(o, "type", "string");
		member(o, "format", "date-time");
		break;
	case PARAM_IDS:
		member(o, "type", "array");
		begin(o, "items");
		write_id_schema(o);
		json_object_end(o);
		break;
	case PARAM_TEXT:
		member(o, "type", "string");
		if (p->max)
			json_member_int(o, "maxLength", p->max);
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
	json_object_begin(o);
	member(o, "name", p->name);
	member(o, "in", p->place == PARAM_IN_PATH ? "path" : "query");
	json_member_bool(o, "required", p->required || p->place == PARAM_IN_PATH);
	if (p->help)
		member(o, "description", p->help);
	json_key(o, "schema");
	write_param_schema(o, p);
	json_object_end(o);
}

static bool is_declared(const Param *params, const char *name, size_t len)
{
	for (const Param *p = params; p && p->type != PARAM_END; p++)
		if (p->place == PARAM_IN_PATH && strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return true;
	return false;
}

/* Path parameters that the table of Params leaves out still belong to the template. */
static void write_undeclared(JsonOut *o, const Endpoint *e)
{
	for (const char *at = strchr(e->path, ':'); at; at = strchr(at + 1, ':')) {
		size_t n = strcspn(at + 1, "/");
		if (is_declared(e->params, at + 1, n))
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

static void write_parameters(JsonOut *o, const Endpoint *e)
{
	json_key(o, "parameters");
	json_array_begin(o);
	for (const Param *p = e->params; p && p->type != PARAM_END; p++)
		if (p->place != PARAM_IN_BODY)
			write_place(o, p);
	write_undeclared(o, e);
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

static void write_body(JsonOut *o, const Endpoint *e)
{
	if (!takes_body(e->params))
		return;
	begin(o, "requestBody");
	begin(o, "content");
	begin(o, "application/json");
	begin(o, "schema");
	member(o, "type", "object");
	begin(o, "properties");
	for (const Param *p = e->params; p->type != PARAM_END; p++)
		if (p->place == PARAM_IN_BODY && p->type != PARAM_BODY) {
			json_key(o, p->name);
			write_param_schema(o, p);
		}
	json_object_end(o);
	write_required(o, e->params);
	json_object_end(o);
	json_object_end(o);
	json_object_end(o);
	json_object_end(o);
}

static void write_responses(JsonOut *o)
{
	begin(o, "responses");
	begin(o, "2XX");
	member(o, "description", "Done; the shape is told in the developers' guide");
	begin(o, "content");
	begin(o, "application/json");
	begin(o, "schema");
	member(o, "type", "object");
	for (int i = 0; i < 4; i++)
		json_object_end(o);
	begin(o, "4XX");
	reference(o, "responses", "Problem");
	json_object_end(o);
	begin(o, "5XX");
	reference(o, "responses", "Problem");
	json_object_end(o);
	json_object_end(o);
}

static void write_operation(Call *c, JsonOut *o, const Endpoint *e)
{
	char method[8];
	size_t n = 0;
	for (; e->method[n] && n < sizeof method - 1; n++)
		method[n] = (char)tolower((unsigned char)e->method[n]);
	method[n] = '\0';
	begin(o, method);
	member(o, "operationId", operation_of(c, e));
	member(o, "summary", e->summary);
	json_key(o, "tags");
	json_array_begin(o);
	json_put_text_n(o, e->path + 1, strcspn(e->path + 1, "/"));
	json_array_end(o);
	if (strcmp(e->right, "public") == 0) {
		json_key(o, "security");
		json_array_begin(o);
		json_array_end(o);
	}
	write_parameters(o, e);
	write_body(o, e);
	write_responses(o);
	json_object_end(o);
}

static bool is_shown(const Call *c, const Endpoint *e)
{
	return c->house->test_clock || strncmp(e->path, "/test/", 6) != 0;
}

static const Endpoint **collect(Call *c, size_t *ret_n)
{
	const Endpoint **all = talloc_array(c, const Endpoint *, 0);
	size_t n = 0;
	for (const Module *const *m = c->house->modules; *m; m++)
		for (const Endpoint *e = (*m)->endpoints; e && e->method; e++)
			if (is_shown(c, e)) {
				all = talloc_realloc(c, all, const Endpoint *, n + 1);
				all[n++] = e;
			}
	*ret_n = n;
	return all;
}

static void write_paths(Call *c, JsonOut *o)
{
	size_t n;
	const Endpoint **all = collect(c, &n);
	begin(o, "paths");
	for (size_t i = 0; i < n; i++) {
		if (!all[i])
			continue;
		const char *path = all[i]->path;
		begin(o, template_of(c, path));
		for (size_t k = i; k < n; k++)
			if (all[k] && strcmp(all[k]->path, path) == 0) {
				write_operation(c, o, all[k]);
				all[k] = NULL;
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
	case FIELD_REF: write_id_schema(o); break;
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

/* Finding fields by name or label, and guessing what was meant. Hidden fields do not exist for formulas: a filter on
 * them would tell what they hold. */
#include "expr/expr_int.h"

#include <string.h>
#include <strings.h>

#define GUESS_LEN 64

static bool usable(const FieldDef *field)
{
	return !field->hidden;
}

static bool same(const char *name, const char *text, size_t len, bool any_case)
{
	return strlen(name) == len && (any_case ? strncasecmp(name, text, len) : memcmp(name, text, len)) == 0;
}

/* Edits between two short texts, by bytes (Levenshtein). */
static int distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int row[GUESS_LEN + 1];
	if (a_len > GUESS_LEN || b_len > GUESS_LEN)
		return GUESS_LEN;
	for (size_t k = 0; k <= b_len; k++)
		row[k] = (int)k;
	for (size_t i = 1; i <= a_len; i++) {
		int diagonal = row[0];
		row[0] = (int)i;
		for (size_t k = 1; k <= b_len; k++) {
			int best = diagonal + (a[i - 1] != b[k - 1]);
			best = best < row[k] + 1 ? best : row[k] + 1;
			best = best < row[k - 1] + 1 ? best : row[k - 1] + 1;
			diagonal = row[k];
			row[k] = best;
		}
	}
	return row[b_len];
}

/* The nearest name or label, or NULL if nothing is near. */
static const char *guess(const ObjectDef *object, const char *text, size_t len)
{
	const char *best = NULL;
	int nearest = len < 3 ? 1 : len < 9 ? 2 : 3;
	for (int i = 0; i < object->n_fields; i++) {
		const FieldDef *field = &object->fields[i];
		const char *const names[] = {field->name, field->en, field->zh};
		for (size_t k = 0; usable(field) && k < ARRAY_LEN(names); k++) {
			int edits = distance(text, len, names[k], strlen(names[k]));
			if (edits < nearest || (edits == nearest && !best)) {
				nearest = edits;
				best = field->name;
			}
		}
	}
	return best;
}

const FieldDef *name_field(Parse *p, const Token *token)
{
	const char *text = p->text + token->at;
	const FieldDef *found = NULL;
	for (int i = 0; i < p->object->n_fields; i++) {
		const FieldDef *field = &p->object->fields[i];
		if (!usable(field))
			continue;
		if (same(field->name, text, token->len, token->kind == TOKEN_NAME))
			return field;
		if (token->kind != TOKEN_LABEL || (!same(field->zh, text, token->len, false) &&
			!same(field->en, text, token->len, true)))
			continue;
		if (found)
			return parse_fail(p, token->at, "ambiguous_field",
				"Two fields have the label [%.*s]: %s and %s; use the name.",
				"有两个字段的标签都是 [%.*s]：%s 和 %s；请使用字段名。", (int)token->len, text, found->name, field->name);
		found = field;
	}
	if (found)
		return found;
	const char *near = guess(p->object, text, token->len);
	if (near)
		return parse_fail(p, token->at, "unknown_field", "There is no field \"%.*s\". Did you mean %s?",
			"没有字段“%.*s”。您是不是指 %s？", (int)token->len, text, near);
	return parse_fail(p, token->at, "unknown_field", "There is no field \"%.*s\".", "没有字段“%.*s”。", (int)token->len,
		text);
}

/* main() of every unit test program: hands the cases that registered themselves to GTest. "./test_base json/escapes"
 * runs one case, "./test_base -p /json" one room. */
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static CheckCase *first_case;

void check_register(CheckCase *test_case)
{
	CheckCase **link = &first_case;
	while (*link != NULL)
		link = &(*link)->next;
	*link = test_case;
}

static char decode_escape(const char **p)
{
	char c = *(*p)++;
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'x': {
		char hex[3] = {(*p)[0], (*p)[0] != '\0' ? (*p)[1] : '\0', '\0'};
		char *end;
		long code = strtol(hex, &end, 16);
		g_assert_true(end == hex + 2);
		*p += 2;
		return (char)code;
	}
	default:
		g_assert_true(c == '\\');
		return c;
	}
}

/* Decodes in place and returns the length. */
static size_t decode(char *text)
{
	const char *p = text;
	char *out = text;
	while (*p != '\0') {
		char c = *p++;
		*out++ = c == '\\' ? decode_escape(&p) : c;
	}
	*out = '\0';
	return (size_t)(out - text);
}

size_t check_rows(const char *path, void (*fn)(const CheckRow *row, void *arg), void *arg)
{
	gchar *all = NULL;
	GError *error = NULL;
	size_t n = 0;
	(void)g_file_get_contents(path, &all, NULL, &error);
	g_assert_no_error(error);
	gchar **lines = g_strsplit(all, "\n", -1);
	for (gchar **line = lines; *line != NULL; line++) {
		if (**line == '\0' || **line == '#')
			continue;
		gchar **part = g_strsplit(*line, "\t", 3);
		g_assert_cmpuint(g_strv_length(part), ==, 3);
		CheckRow row = {.verdict = part[0], .name = part[1], .bytes = part[2]};
		row.len = decode(part[2]);
		fn(&row, arg);
		n++;
		g_strfreev(part);
	}
	g_strfreev(lines);
	g_free(all);
	return n;
}

size_t check_files(const char *folder, void (*fn)(const CheckRow *row, void *arg), void *arg)
{
	GError *error = NULL;
	size_t n = 0;
	GDir *dir = g_dir_open(folder, 0, &error);
	g_assert_no_error(error);
	for (const gchar *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
		gchar *path = g_build_filename(folder, name, NULL), *bytes = NULL;
		gsize len = 0;
		(void)g_file_get_contents(path, &bytes, &len, &error);
		g_assert_no_error(error);
		CheckRow row = {.name = name, .bytes = bytes, .len = len};
		fn(&row, arg);
		n++;
		g_free(bytes);
		g_free(path);
	}
	g_dir_close(dir);
	return n;
}

/* "room/case" on the command line means "-p /room/case". */
static char **expand_names(int *argc, char **argv)
{
	char **out = g_new0(char *, 2 * (gsize)*argc + 1);
	int n = 0;
	for (int i = 0; i < *argc; i++) {
		bool is_name = i > 0 && argv[i][0] != '-' && argv[i][0] != '/' && strcmp(argv[i - 1], "-m") != 0;
		if (is_name)
			out[n++] = g_strdup("-p");
		out[n++] = is_name ? g_strconcat("/", argv[i], NULL) : g_strdup(argv[i]);
	}
	*argc = n;
	return out;
}

int main(int argc, char **argv)
{
	char **args = expand_names(&argc, argv);
	char **kept = g_memdup2(args, sizeof(*args) * ((gsize)argc + 1)); /* g_test_init takes pointers out of args */
	g_test_init(&argc, &args, NULL);
	for (CheckCase *c = first_case; c != NULL; c = c->next)
		g_test_add_func(c->path, c->fn);
	int r = g_test_run();
	g_free(args);
	g_strfreev(kept);
	return r;
}

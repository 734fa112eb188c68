/* Opens the workspace, orders the import and tells how it goes. */
#include "app/import_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "app/workspace.h"
#include "modules/lead/import/import.h"

static int complain(const char *error)
{
	fprintf(stderr, "tenon import: %s\n", error ? error : "it could not be done; the log above says why");
	return 1;
}

static void tell(const ImportState *s)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s: %lld rows  ", s->state, (long long)(s->done > s->rows ? s->done : s->rows));
}

static int result_tell(const ImportState *s)
{
	bool dry = strcmp(s->state, "checked") == 0;
	if (strcmp(s->state, "failed") == 0)
		return complain(s->error);
	printf("%s: %lld new, %lld repeated, %lld in quarantine", dry ? "dry run" : s->state, (long long)s->taken,
	       (long long)s->repeated, (long long)s->bad);
	if (dry)
		printf(", %lld more than once in the file\n%s", (long long)s->in_file, s->report ? s->report : "");
	putchar('\n');
	return dry || strcmp(s->state, "done") == 0 ? 0 : 1;
}

static int run_in(Workspace *w, const Options *o, const char *path, const char *columns)
{
	ImportState state = {0};
	const char *error = NULL;
	ImportOrder order = {.path = path, .source = o->source, .columns = columns, .way = o->way, .dry_run = o->dry_run};
	if (import_order(w, &w->house, &order, tell, &state, &error) < 0)
		return complain(error);
	return result_tell(&state);
}

int import_file(const Options *o)
{
	char path[PATH_MAX];
	char *columns = NULL, *error = NULL;
	if (!realpath(o->file, path))
		return complain("the file is not there");
	if (o->map_file && !g_file_get_contents(o->map_file, &columns, NULL, NULL))
		return complain("the file named by --map cannot be read");
	Workspace *w = workspace_open(NULL, o, &error);
	if (!w)
		return complain(error);
	workspace_start(w);
	int status = run_in(w, o, path, columns);
	workspace_close(w);
	g_free(columns);
	return status;
}

/* The command line, read with GLib; every mistake is told with how to write it. */
#include "app/options.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const char help_text[] =
	"Tenon, a CRM in one binary.\n\n"
	"  tenon serve --data DIR [--listen ADDR:PORT] [--admin-password-file FILE]\n"
	"              [--database postgres://...] [--public-url URL] [--proxy ADDR ...]\n"
	"              [--request-log FILE] [--test-clock]\n"
	"      Serves the company kept in DIR (made if absent), on 127.0.0.1:8080 unless told otherwise.\n"
	"  tenon demo --data DIR [--admin-password-file FILE] [--database postgres://...] [--test-clock]\n"
	"      Fills DIR with a believable company to look around in.\n"
	"  tenon rotate-key --data DIR [--database postgres://...]\n"
	"      Seals the secrets of channels with a new key. The server must be stopped; run it again if it was cut off.\n"
	"  tenon backup --data DIR --to FOLDER [--database postgres://...] [--without-key]\n"
	"      Copies the house into a new folder below FOLDER, also while it is served, and checks the copy.\n"
	"      --without-key leaves secret.key out: whoever gets the copy cannot read the secrets kept in it.\n"
	"  tenon restore --from BACKUP --data DIR [--database postgres://...] [--force]\n"
	"      Furnishes DIR from a backup. --force moves aside what is there.\n"
	"  tenon verify --data DIR [--database postgres://...] [--quick]\n"
	"      Checks the tables: intact, every receipt in one state, every lead where its receipt says.\n"
	"  tenon doctor --data DIR [--listen ADDR:PORT] [--database postgres://...] [--public-url URL]\n"
	"      Looks at the machine: disk, syncs, files, clock, port, database, proxy, backups.\n"
	"  tenon import --data DIR --source KEY [--map FILE] [--way rules|pool|owner] [--dry-run] FILE\n"
	"      Imports the leads of a CSV or XLSX file while no server runs; called again after a crash it goes on.\n"
	"      --map names a file with a JSON array: the field of each column. --way says who gets the leads\n"
	"      (pool: nobody yet; owner: whom the file names; rules: whom the rules choose).\n"
	"  tenon version\n\n"
	"--lang zh|en chooses the language of what these tell; without it the locale does.\n"
	"Exit codes: 0 done, 1 it could not be done (the reason is told), 2 the command line is wrong.\n";

void options_help(void)
{
	fputs(help_text, stdout);
}

static bool is_command(const char *text)
{
	static const char *const commands[] = {"serve", "demo", "import", "backup", "restore", "verify", "doctor",
						"rotate-key", "version"};
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(text, commands[i]) == 0)
			return true;
	return false;
}

static Lang lang_choose(const char *wanted)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	for (size_t i = 0; i < ARRAY_LEN(variables) && !wanted; i++) {
		const char *locale = g_getenv(variables[i]);
		wanted = locale && *locale ? locale : NULL;
	}
	return wanted && strncmp(wanted, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
}

static bool options_complete(const Options *o)
{
	if (!o->command || !is_command(o->command)) {
		fprintf(stderr, "tenon: say what to do, for example serve. See tenon --help.\n");
		return false;
	}
	if (strcmp(o->command, "version") != 0 && !o->data_dir) {
		fprintf(stderr, "tenon %s: say where the data lies: --data DIR\n", o->command);
		return false;
	}
	if (strcmp(o->command, "backup") == 0 && !o->to) {
		fprintf(stderr, "tenon backup: say where the backup goes: --to FOLDER\n");
		return false;
	}
	if (strcmp(o->command, "restore") == 0 && !o->from) {
		fprintf(stderr, "tenon restore: say which backup: --from FOLDER\n");
		return false;
	}
	return true;
}

static bool import_complete(const Options *o)
{
	bool known_way = strcmp(o->way, "rules") == 0 || strcmp(o->way, "pool") == 0 || strcmp(o->way, "owner") == 0;
	if (o->file && o->source && known_way)
		return true;
	fprintf(stderr, "tenon import: say %s. See tenon --help.\n",
	        !o->file ? "which file" : !o->source ? "which source: --source KEY" : "--way rules, pool or owner");
	return false;
}

/* What GLib allocated becomes the context's. */
static void texts_adopt(TALLOC_CTX *ctx, const GOptionEntry *entries)
{
	for (const GOptionEntry *e = entries; e->long_name; e++)
		if (e->arg == G_OPTION_ARG_STRING || e->arg == G_OPTION_ARG_FILENAME) {
			char **text = e->arg_data, *copy = talloc_strdup(ctx, *text);
			g_free(*text);
			*text = copy;
		}
}

static char **list_adopt(TALLOC_CTX *ctx, char **list)
{
	guint n = list ? g_strv_length(list) : 0;
	char **copy = list ? talloc_zero_array(ctx, char *, n + 1) : NULL;
	for (guint i = 0; i < n; i++)
		copy[i] = talloc_strdup(copy, list[i]);
	g_strfreev(list);
	return copy;
}

bool options_parse(TALLOC_CTX *ctx, int argc, char **argv, Options *ret)
{
	Options o = {0};
	gboolean test_clock = FALSE, help = FALSE, without_key = FALSE, force = FALSE, quick = FALSE, dry_run = FALSE;
	char *lang = NULL;
	GOptionEntry entries[] = {
		{"data", 0, 0, G_OPTION_ARG_FILENAME, &o.data_dir, NULL, NULL},
		{"listen", 0, 0, G_OPTION_ARG_STRING, &o.listen, NULL, NULL},
		{"database", 0, 0, G_OPTION_ARG_STRING, &o.database, NULL, NULL},
		{"admin-password-file", 0, 0, G_OPTION_ARG_FILENAME, &o.admin_password_file, NULL, NULL},
		{"public-url", 0, 0, G_OPTION_ARG_STRING, &o.public_url, NULL, NULL},
		{"request-log", 0, 0, G_OPTION_ARG_FILENAME, &o.request_log, NULL, NULL},
		{"proxy", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.proxies, NULL, NULL},
		{"to", 0, 0, G_OPTION_ARG_FILENAME, &o.to, NULL, NULL},
		{"from", 0, 0, G_OPTION_ARG_FILENAME, &o.from, NULL, NULL},
		{"without-key", 0, 0, G_OPTION_ARG_NONE, &without_key, NULL, NULL},
		{"force", 0, 0, G_OPTION_ARG_NONE, &force, NULL, NULL},
		{"quick", 0, 0, G_OPTION_ARG_NONE, &quick, NULL, NULL},
		{"lang", 0, 0, G_OPTION_ARG_STRING, &lang, NULL, NULL},
		{"test-clock", 0, 0, G_OPTION_ARG_NONE, &test_clock, NULL, NULL},
		{"source", 0, 0, G_OPTION_ARG_STRING, &o.source, NULL, NULL},
		{"map", 0, 0, G_OPTION_ARG_FILENAME, &o.map_file, NULL, NULL},
		{"way", 0, 0, G_OPTION_ARG_STRING, &o.way, NULL, NULL},
		{"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, NULL, NULL},
		{"help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL},
		{0},
	};
	GOptionContext *context = g_option_context_new(NULL);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	GError *error = NULL;
	bool parsed = g_option_context_parse(context, &argc, &argv, &error);
	g_option_context_free(context);
	if (!parsed) {
		fprintf(stderr, "tenon: %s. See tenon --help.\n", error->message);
		g_error_free(error);
		return false;
	}
	texts_adopt(ctx, entries);
	o.proxies = list_adopt(ctx, o.proxies);
	o.listen = o.listen ? o.listen : "127.0.0.1:8080";
	o.way = o.way ? o.way : "pool";
	o.test_clock = test_clock;
	o.help = help;
	o.without_key = without_key;
	o.force = force;
	o.quick = quick;
	o.lang = lang_choose(lang);
	o.dry_run = dry_run;
	o.file = argc > 2 ? talloc_strdup(ctx, argv[2]) : NULL;
	o.command = argc > 1 ? talloc_strdup(ctx, argv[1]) : NULL;
	bool is_import = o.command && strcmp(o.command, "import") == 0;
	if (o.help || (options_complete(&o) && (!is_import || import_complete(&o)))) {
		*ret = o;
		return true;
	}
	return false;
}

/* The command line: `tenon COMMAND --option VALUE ...` */
#pragma once

#include "call/call.h"

#define OPTION_PROXIES_MAX 16

typedef struct {
	/* "serve", "demo", "import", "backup", "restore", "verify", "doctor", "rotate-key", "version" */
	const char *command;
	const char *data_dir;
	const char *listen;
	const char *database; /* postgres://..., or NULL for SQLite */
	const char *admin_password_file;
	const char *public_url;
	const char *request_log; /* file, "-" for standard error, or NULL */
	char **proxies; /* addresses of trusted proxies, NULL-terminated, or NULL */
	const char *to;   /* backup: the folder of backups */
	const char *from; /* restore: one backup */
	bool without_key; /* backup: leave secret.key out */
	bool force;       /* restore: move aside what is there */
	bool quick;       /* verify: without comparing indexes with their tables */
	Lang lang;        /* of what the command line tells: --lang, else the locale */
	bool test_clock;
	bool help;
	/* import */
	const char *file, *source, *map_file, *way;
	bool dry_run;
} Options;

/* False after telling on standard error what is wrong and how to write it. */
NODISCARD bool options_parse(TALLOC_CTX *ctx, int argc, char **argv, Options *ret);
void options_help(void);

/* The command line: `tenon COMMAND --option VALUE ...` */
#pragma once

#include "base/base.h"

#define OPTION_PROXIES_MAX 16

typedef struct {
	const char *command; /* "serve", "demo", "rotate-key", "version" */
	const char *data_dir;
	const char *listen;
	const char *database; /* postgres://..., or NULL for SQLite */
	const char *admin_password_file;
	const char *public_url;
	char **proxies; /* addresses of trusted proxies, NULL-terminated, or NULL */
	bool test_clock;
	bool help;
} Options;

/* False after telling on standard error what is wrong and how to write it. */
NODISCARD bool options_parse(TALLOC_CTX *ctx, int argc, char **argv, Options *ret);
void options_help(void);

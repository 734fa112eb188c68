/* See bare_rows.h. */
#include "bench/bare_rows.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const BareTable bare_tables[BARE_TABLES] = {
	{"change", "1 = 1", "id", NULL, NULL, 1},
	{"lead", "receipt IS NOT NULL", "id", NULL, NULL, 1},
	{"history", "kind = 'created' AND object = 'lead'", "seq", "record", "change", 1},
	{"assignment", "1 = 1", "id", "lead", NULL, 1},
	{"event", "kind IN ('lead.assigned', 'alert')", "seq", "record", "change", 2},
	{"taken", "1 = 1", "receipt", "lead", NULL, 1},
};

BareColumn bare_column(const BareTable *table, const char *name)
{
	if (strcmp(name, "seq") == 0)
		return BARE_NUMBERED;
	if (strcmp(name, table->own) == 0)
		return strcmp(table->table, "lead") == 0 ? BARE_LEAD : strcmp(table->table, "change") == 0 ? BARE_CHANGE : BARE_OWN;
	if (table->lead && strcmp(name, table->lead) == 0)
		return BARE_LEAD;
	return table->change && strcmp(name, table->change) == 0 ? BARE_CHANGE : BARE_COPIED;
}

bool bare_options(int argc, char **argv, BareOptions *ret)
{
	static const struct option options[] = {{"leads", 1, NULL, 'l'}, {"batch", 1, NULL, 'b'}, {0}};
	bool fine = true;
	*ret = (BareOptions){.leads = 10000, .batch = 500};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l': ret->leads = atoi(optarg); break;
		case 'b': ret->batch = atoi(optarg); break;
		default: fine = false;
		}
	ret->house = argv[optind];
	fine = fine && optind + 1 == argc && ret->leads > 0 && ret->batch > 0;
	if (!fine)
		fprintf(stderr, "usage: %s HOUSE [--leads N] [--batch N]\n", argv[0]);
	return fine;
}

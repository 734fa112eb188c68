/* Opening a house for a benchmark, on the program's own workspace. */
#include "bench/house.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

Workspace *house_open(const char *data_dir, const char *database)
{
	char *error = NULL;
	Options options = {.data_dir = data_dir, .database = database};
	if (sodium_init() < 0)
		return NULL;
	Workspace *w = workspace_open(NULL, &options, &error);
	if (!w)
		fprintf(stderr, "bench: %s\n", error ? error : "the house could not be opened; the log above says why");
	return w;
}

typedef struct {
	House *house;
	HouseJob fn;
	void *arg;
} Step;

static int step_run(Tx *tx, void *arg)
{
	Step *step = arg;
	return step->fn(call_new_system(tx_mem(tx), step->house, tx, "bench"), step->arg);
}

void house_write(House *house, HouseJob fn, void *arg)
{
	Step step = {house, fn, arg};
	int r = store_write_wait(house->store, step_run, &step);
	if (r < 0) {
		fprintf(stderr, "bench: a transaction failed (%s); the log above says why\n", err_code(r));
		exit(1);
	}
}

/* The demo in steps, each a transaction: people, half a year of leads, the company's name, and a few fresh leads. */
#include "app/demo/demo.h"

#include <stdio.h>
#include <string.h>

#include "app/demo/demo_int.h"
#include "call/gate.h"

#define LEADS_A_STEP 500 /* leads of one transaction */

typedef struct {
	Demo demo;
	int from;
	int64_t leads;
	int (*fn)(Call *c, Demo *demo);
} Step;

static int step_job(Tx *tx, void *arg)
{
	Step *step = arg;
	Call *c = call_new_system(tx_mem(tx), step->demo.house, tx, "demo");
	if (step->fn)
		return step->fn(c, &step->demo);
	int to = step->from + LEADS_A_STEP < DEMO_LEADS ? step->from + LEADS_A_STEP : DEMO_LEADS;
	return demo_leads(c, &step->demo, step->from, to);
}

static int company_name(Call *c, Demo *demo)
{
	(void)demo;
	int err = db_exec(c->tx, "DELETE FROM setting WHERE name IN ('company', 'setup_done')");
	if (err < 0 || (err = db_exec(c->tx, "INSERT INTO setting (name, value) VALUES ('company', $1)",
	                              value_text("恒拓智能装备"))) < 0)
		return err;
	return db_exec(c->tx, "INSERT INTO setting (name, value) VALUES ('setup_done', 'demo')");
}

static int leads_count(Tx *tx, void *arg)
{
	Step *step = arg;
	return db_int(tx, &step->leads, "SELECT count(*) FROM lead");
}

static int step_run(Step *step, int (*fn)(Call *c, Demo *demo))
{
	step->fn = fn;
	return store_write_wait(step->demo.house->store, step_job, step);
}

static int steps_run(Step *step)
{
	int err = step_run(step, demo_people);
	for (step->from = 0; step->from < DEMO_LEADS && err == 0; step->from += LEADS_A_STEP)
		err = step_run(step, NULL);
	if (err == 0)
		err = step_run(step, company_name);
	step->demo.now_ms = clock_now_ms(step->demo.house->clock);
	return err < 0 ? err : step_run(step, demo_fresh);
}

/* The password everybody gets: that of the administrator's file, so that each desk can be looked at. */
static bool password_hash(const char *file, char hash[static 128])
{
	char password[256] = "";
	FILE *f = file ? fopen(file, "re") : NULL;
	if (!f)
		return false;
	size_t n = fread(password, 1, sizeof password - 1, f);
	fclose(f);
	password[n] = '\0';
	password[strcspn(password, "\r\n")] = '\0';
	return gate_password_hash(password, hash) == 0;
}

bool demo_fill(House *house, const char *password_file, char **ret_error)
{
	char hash[128];
	Step step = {.demo = {.house = house, .dice = {20261123}, .now_ms = clock_now_ms(house->clock)}};
	if (store_read_wait(house->store, leads_count, &step) < 0 || step.leads > 0) {
		*ret_error = talloc_strdup(NULL, "This house has leads already; the demo company needs an empty data folder.");
		return false;
	}
	if (!password_hash(password_file, hash)) {
		*ret_error =
			talloc_strdup(NULL, "Name a file with the password for the demo's people: --admin-password-file FILE");
		return false;
	}
	step.demo.password_hash = hash;
	if (steps_run(&step) == 0)
		return true;
	*ret_error = talloc_strdup(NULL, "The demo company could not be written; the log above says why.");
	return false;
}

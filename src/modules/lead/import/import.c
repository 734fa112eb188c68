/* The card of the imports, and the way in from the command line. */
#include "modules/lead/import/import_int.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cond.h"
#include "base/log.h"

#define POLL_MS 200

static void import_begin(House *house)
{
	house->importer = importer_start(NULL, house);
}

static void import_stop(House *house)
{
	if (house->importer)
		importer_stop(house->importer);
	TALLOC_FREE(house->importer);
}

/* ---- the command line ---- */

typedef struct {
	TALLOC_CTX *ctx;
	House *house;
	const ImportOrder *order;
	Import import;
	const char *error;
} Order;

static int order_find(Tx *tx, void *arg)
{
	Order *o = arg;
	int r = import_find(tx, o->order->path, &o->import.state.id);
	return r < 0 ? r : import_load(tx, o->ctx, o->import.state.id, &o->import);
}

static int order_make(Tx *tx, void *arg)
{
	Order *o = arg;
	Call *c = call_new_system(tx_mem(tx), o->house, tx, "import");
	const Sources *sources = source_book_acquire(o->house->intake->sources);
	const Inlet *source = source_by_key(sources, o->order->source);
	const char *name = strrchr(o->order->path, '/');
	o->import = (Import){
		.state = {.id = id_new(c->now_ms), .state = o->order->dry_run ? "checking" : "running"},
		.name = name ? name + 1 : o->order->path,
		.path = o->order->path,
		.at = c->now_ms,
		.source = source ? source->id : ID_NIL,
		.columns = o->order->columns,
		.way = o->order->way,
	};
	source_release(sources);
	if (id_is_nil(o->import.source)) {
		o->error = "no source has this key";
		return ERR_NOT_FOUND;
	}
	return import_insert(c, &o->import);
}

static int order_look(Tx *tx, void *arg)
{
	Order *o = arg;
	return import_load(tx, o->ctx, o->import.state.id, &o->import);
}

static bool is_open(const Import *import)
{
	return strcmp(import->state.state, "running") == 0 || strcmp(import->state.state, "checking") == 0;
}

/* Waits for a sign of the thread, or a moment. */
static void order_rest(Importer *importer)
{
	pthread_mutex_lock(&importer->lock);
	(void)cond_wait_until(&importer->changed, &importer->lock, clock_monotonic_us() + POLL_MS * 1000);
	pthread_mutex_unlock(&importer->lock);
}

int import_order(TALLOC_CTX *ctx, House *house, const ImportOrder *order, void (*told)(const ImportState *state),
                 ImportState *ret, const char **ret_error)
{
	Order o = {.ctx = ctx, .house = house, .order = order};
	struct stat is;
	*ret_error = "the file is not there or cannot be read";
	if (stat(order->path, &is) != 0 || !S_ISREG(is.st_mode))
		return ERR_NOT_FOUND;
	int r = store_read_wait(house->store, order_find, &o);
	if (r == ERR_NOT_FOUND)
		r = store_write_wait(house->store, order_make, &o);
	importer_wake(house->importer);
	while (r == 0) {
		r = store_read_wait(house->store, order_look, &o);
		if (r == 0 && told)
			told(&o.import.state);
		if (r < 0 || !is_open(&o.import))
			break;
		order_rest(house->importer);
	}
	*ret = o.import.state;
	*ret_error = o.error ? o.error : err_title(r);
	return r;
}

const Module import_module = {.name = "import",
                              .endpoints = import_endpoints,
                              .migrations = import_migrations,
                              .run = import_begin,
                              .stop = import_stop};

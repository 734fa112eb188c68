/* The holder of the catalogue in force: opening, handing out, swapping. A reader takes a reference and keeps its
 * snapshot; a change builds a new one and swaps it in after its COMMIT. Never changes a catalogue that was handed
 * out. */
#include "meta/meta_int.h"

#include "base/log.h"
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct Meta {
	pthread_mutex_t lock;    /* of the two below */
	Catalogue *in_force;     /* one reference is ours */
	GHashTable *of_call;     /* Call -> Holder: what each running Call began with */
	const EmbeddedFile *packs;
};

/* Hangs on a Call and gives its snapshot back when the Call ends. */
typedef struct Holder {
	Meta *meta;
	const Call *call;
	const Catalogue *catalogue;
} Holder;

const Catalogue *meta_acquire(Meta *meta)
{
	pthread_mutex_lock(&meta->lock);
	Catalogue *catalogue = meta->in_force;
	atomic_fetch_add(&catalogue->references, 1);
	pthread_mutex_unlock(&meta->lock);
	return catalogue;
}

void meta_release(const Catalogue *catalogue)
{
	Catalogue *counted = (Catalogue *)catalogue;
	if (counted && atomic_fetch_sub(&counted->references, 1) == 1)
		talloc_free(counted);
}

void meta_swap(Meta *meta, Catalogue *catalogue)
{
	/* Commits may be told out of order: an older catalogue never replaces a newer one. */
	pthread_mutex_lock(&meta->lock);
	Catalogue *out = catalogue;
	if (catalogue->version > meta->in_force->version) {
		out = meta->in_force;
		meta->in_force = catalogue;
	}
	pthread_mutex_unlock(&meta->lock);
	meta_release(out);
}

static int holder_free(Holder *holder)
{
	pthread_mutex_lock(&holder->meta->lock);
	g_hash_table_remove(holder->meta->of_call, holder->call);
	pthread_mutex_unlock(&holder->meta->lock);
	meta_release(holder->catalogue);
	return 0;
}

const Catalogue *meta_of(Call *c)
{
	Meta *meta = c->house->meta;
	pthread_mutex_lock(&meta->lock);
	Holder *holder = g_hash_table_lookup(meta->of_call, c);
	pthread_mutex_unlock(&meta->lock);
	if (holder)
		return holder->catalogue;
	holder = talloc(c, Holder);
	*holder = (Holder){.meta = meta, .call = c, .catalogue = meta_acquire(meta)};
	talloc_set_destructor(holder, holder_free);
	pthread_mutex_lock(&meta->lock);
	g_hash_table_insert(meta->of_call, c, holder);
	pthread_mutex_unlock(&meta->lock);
	return holder->catalogue;
}

const ObjectDef *meta_object_of(Call *c, const char *name)
{
	return meta_object(meta_of(c), name);
}

const ObjectDef *meta_object(const Catalogue *catalogue, const char *name)
{
	for (int i = 0; i < catalogue->n_objects; i++)
		if (strcmp(catalogue->objects[i].name, name) == 0)
			return &catalogue->objects[i];
	return NULL;
}

/* Where the search for a name begins (FNV-1a). */
static uint32_t name_slot(const char *name)
{
	uint32_t hash = UINT32_C(2166136261);
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
	return (hash ^ hash >> 16) % META_SLOTS;
}

void field_enter(const FieldDef *field, uint16_t by_name[static META_SLOTS])
{
	uint32_t at = name_slot(field->name);
	while (by_name[at])
		at = (at + 1) % META_SLOTS;
	by_name[at] = (uint16_t)(field->index + 1);
}

const FieldDef *meta_field(const ObjectDef *object, const char *name)
{
	for (uint32_t at = name_slot(name); object->by_name[at]; at = (at + 1) % META_SLOTS) {
		const FieldDef *field = &object->fields[object->by_name[at] - 1];
		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

static int custom_load(Tx *tx, TALLOC_CTX *ctx, CustomField **ret, int *ret_n)
{
	ROWS rows = NULL;
	CustomField *list = talloc_array(ctx, CustomField, 0);
	int n = 0, r = db_query(tx, &rows, "SELECT object, definition FROM meta_field ORDER BY id");
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		list = talloc_realloc(ctx, list, CustomField, (unsigned)n + 1);
		list[n].object = talloc_strdup(ctx, rows_text(rows, 0));
		list[n++].definition = talloc_strdup(ctx, rows_text(rows, 1));
	}
	*ret = list;
	*ret_n = n;
	return rows_error(rows);
}

int meta_rebuild(Meta *meta, Tx *tx, TALLOC_CTX *ctx, Catalogue **ret, char **ret_error)
{
	CustomField *custom;
	int n, r = custom_load(tx, ctx, &custom, &n);
	if (r < 0)
		return r;
	Catalogue *catalogue = pack_build(ctx, meta->packs, custom, n, ret_error);
	if (!catalogue)
		return ERR_INVALID;
	*ret = catalogue;
	return 0;
}

int meta_follow(Call *c)
{
	Meta *meta = c->house->meta;
	const Catalogue *known = meta_acquire(meta);
	int64_t here = known->version - 1, there; /* the version counts the custom fields */
	meta_release(known);
	int r = db_int(c->tx, &there, "SELECT COUNT(*) FROM meta_field");
	if (r < 0 || there <= here)
		return call_store_failed(c, r);
	Catalogue *fresh;
	char *error = NULL;
	r = meta_rebuild(meta, c->tx, c, &fresh, &error);
	if (r == 0)
		meta_swap(meta, fresh);
	else if (error)
		log_error("meta", "a field that another process added cannot be taken in: %s", error);
	return call_store_failed(c, r);
}

typedef struct {
	Meta *meta;
	TALLOC_CTX *ctx;
	Catalogue *catalogue;
	char *error;
} Opening;

static int open_job(Tx *tx, void *arg)
{
	Opening *o = arg;
	meta_release(o->catalogue);
	o->catalogue = NULL;
	int r = meta_rebuild(o->meta, tx, o->ctx, &o->catalogue, &o->error);
	if (r == 0)
		r = schema_apply(tx, o->catalogue);
	if (r < 0 && !o->error)
		o->error = talloc_asprintf(o->ctx, "the tables could not be brought up to the catalogue: %s", tx_error(tx));
	return r;
}

static int meta_free(Meta *meta)
{
	meta_release(meta->in_force);
	g_hash_table_unref(meta->of_call);
	pthread_mutex_destroy(&meta->lock);
	return 0;
}

static Meta *meta_new(TALLOC_CTX *ctx, const EmbeddedFile *packs)
{
	Meta *meta = talloc_zero(ctx, Meta);
	meta->packs = packs;
	meta->of_call = g_hash_table_new(NULL, NULL);
	pthread_mutex_init(&meta->lock, NULL);
	talloc_set_destructor(meta, meta_free);
	return meta;
}

Meta *meta_open_packs(TALLOC_CTX *ctx, struct Store *store, const EmbeddedFile *packs, char **ret_error)
{
	const Migration migration = {.part = "meta", .steps = meta_migrations};
	if (store_migrate(store, &migration, 1, ret_error) < 0)
		return NULL;
	Opening o = {.meta = meta_new(ctx, packs), .ctx = ctx};
	int r = store_write_wait(store, open_job, &o);
	if (r < 0) {
		meta_release(o.catalogue);
		talloc_free(o.meta);
		*ret_error = o.error ? o.error : talloc_strdup(ctx, "the database could not be written");
		return NULL;
	}
	o.meta->in_force = o.catalogue;
	return o.meta;
}

extern const EmbeddedFile meta_packs[];

const EmbeddedFile *meta_embedded_packs(void)
{
	return meta_packs;
}

Meta *meta_open(TALLOC_CTX *ctx, struct Store *store, char **ret_error)
{
	return meta_open_packs(ctx, store, meta_packs, ret_error);
}

const Catalogue *meta_read_packs(TALLOC_CTX *ctx, const EmbeddedFile *packs, char **ret_error)
{
	return pack_build(ctx, packs, NULL, 0, ret_error);
}

const char *const meta_migrations[] = {
	"CREATE TABLE meta_field (id {ID} PRIMARY KEY, object {TEXT} NOT NULL, name {TEXT} NOT NULL,"
	" definition {TEXT} NOT NULL, created_at {TIME} NOT NULL, created_by {ID}, UNIQUE (object, name))",
	NULL,
};

/* Snapshots of the sources, swapped whole; readers count themselves in and out. */
#include "modules/lead/intake/source.h"

#include <pthread.h>
#include <string.h>

#include "call/secret.h"

struct Sources {
	Inlet *source;
	size_t n;
	_Atomic int references;
};

struct SourceBook {
	pthread_mutex_t lock;
	House *house;
	Sources *now;
};

static int book_free(SourceBook *book)
{
	source_release(book->now);
	return 0;
}

SourceBook *source_book_new(TALLOC_CTX *ctx, House *house)
{
	SourceBook *book = talloc_zero(ctx, SourceBook);
	pthread_mutex_init(&book->lock, NULL);
	book->house = house;
	book->now = talloc_zero(NULL, Sources);
	book->now->references = 1;
	talloc_set_destructor(book, book_free);
	return book;
}

const Sources *source_book_acquire(SourceBook *book)
{
	pthread_mutex_lock(&book->lock);
	Sources *now = book->now;
	now->references++;
	pthread_mutex_unlock(&book->lock);
	return now;
}

void source_release(const Sources *sources)
{
	Sources *mine = (Sources *)sources;
	if (--mine->references == 0)
		talloc_free(mine);
}

const Inlet *source_by_key(const Sources *sources, const char *key)
{
	for (size_t i = 0; i < sources->n; i++)
		if (strcmp(sources->source[i].key, key) == 0)
			return &sources->source[i];
	return NULL;
}

const Inlet *source_by_id(const Sources *sources, Id id)
{
	for (size_t i = 0; i < sources->n; i++)
		if (id_equal(sources->source[i].id, id))
			return &sources->source[i];
	return NULL;
}

const Inlet *source_first(const Sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		if (sources->source[i].enabled)
			return &sources->source[i];
	return NULL;
}

/* The JSON of a cell, or NULL when it is blank or broken. */
static json_t *cell_json(TALLOC_CTX *ctx, const Rows *rows, int column)
{
	const char *text = rows_text(rows, column);
	JsonFault fault;
	return text ? json_parse(ctx, text, strlen(text), &fault) : NULL;
}

static void source_read(Sources *s, const Rows *rows)
{
	s->source = talloc_realloc(s, s->source, Inlet, s->n + 1);
	s->source[s->n++] = (Inlet){
		.id = rows_id(rows, 0),
		.name = talloc_strdup(s, rows_text(rows, 1)),
		.key = talloc_strdup(s, rows_text(rows, 2)),
		.enabled = rows_int(rows, 3) != 0,
		.weight = (int)rows_int(rows, 4),
		.rate_minute = (int)rows_int(rows, 5),
		.rate_hour = (int)rows_int(rows, 6),
		.mapping = cell_json(s, rows, 7),
		.origins = cell_json(s, rows, 8),
		.pool = rows_id(rows, 9),
		.callback = cell_json(s, rows, 10),
	};
}

/* A secret that cannot be read closes the callback of its source, and none besides. */
static int secrets_open(Call *c, Sources *s, Inlet *source)
{
	const char *text = NULL;
	JsonFault fault;
	int r = secret_get(c, source->id, &text);
	source->secret_lost = r == ERR_INTERNAL;
	if (source->secret_lost) {
		call_reset(c);
		return 0;
	}
	const json_t *secrets = r == 0 && text ? json_parse(s, text, strlen(text), &fault) : NULL;
	if (secrets)
		json_object_update((json_t *)source->callback, (json_t *)secrets);
	return r;
}

static int sources_open(Tx *tx, SourceBook *book, Sources *s)
{
	Call *c = call_new_system(tx_mem(tx), book->house, tx, "intake");
	int r = 0;
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (json_is_object(s->source[i].callback))
			r = secrets_open(c, s, &s->source[i]);
	return r;
}

int source_book_load(Tx *tx, void *arg)
{
	SourceBook *book = arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT id, name, key, enabled, weight, rate_minute, rate_hour, mapping, origins, pool,"
	                 " callback FROM source"
	                 " WHERE deleted_at IS NULL ORDER BY created_at, id");
	if (r < 0)
		return r;
	Sources *fresh = talloc_zero(NULL, Sources);
	fresh->references = 1;
	while (rows_next(rows))
		source_read(fresh, rows);
	r = rows_error(rows);
	if (r == 0)
		r = sources_open(tx, book, fresh);
	if (r < 0) {
		talloc_free(fresh);
		return r;
	}
	pthread_mutex_lock(&book->lock);
	Sources *old = book->now;
	book->now = fresh;
	pthread_mutex_unlock(&book->lock);
	source_release(old);
	return 0;
}

/* What was written here lately is remembered by record and version, in two halves that take turns: a look at the
 * database that began before one of these writes was committed must not bring an older state back. */
#include "modules/known/shared.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "event/follow.h"

#define HALF_MS 20000 /* longer than a look takes from its snapshot to its end */

typedef struct {
	Id id;
	int64_t version;
} Written;

struct Shared {
	House *house;
	pthread_mutex_t lock; /* guards what follows, and the order of two writes of one record */
	GHashTable *written[2]; /* Id -> Written, which is the key as well; [0] is the younger half */
	TALLOC_CTX *mem[2];
	int64_t turn_ms;
};

bool status_is_open(const char *status)
{
	return !status || (strcmp(status, "converted") != 0 && strcmp(status, "invalid") != 0);
}

/* ---- what was written here ---- */

static guint written_hash(gconstpointer key)
{
	guint hash;
	memcpy(&hash, ((const Written *)key)->id.byte + sizeof(Id) - sizeof hash, sizeof hash); /* the random end */
	return hash;
}

static gboolean written_equal(gconstpointer a, gconstpointer b)
{
	return id_equal(((const Written *)a)->id, ((const Written *)b)->id);
}

static void halves_turn(Shared *s)
{
	int64_t now = clock_monotonic_ms();
	if (now < s->turn_ms)
		return;
	GHashTable *table = s->written[1];
	TALLOC_CTX *mem = s->mem[1];
	g_hash_table_remove_all(table);
	talloc_free_children(mem);
	s->written[1] = s->written[0];
	s->mem[1] = s->mem[0];
	s->written[0] = table;
	s->mem[0] = mem;
	s->turn_ms = now + HALF_MS;
}

static void written_note(Shared *s, Id id, int64_t version)
{
	halves_turn(s);
	Written *entry = talloc(s->mem[0], Written);
	*entry = (Written){id, version};
	g_hash_table_replace(s->written[0], entry, entry);
}

/* 0: not written here lately. */
static int64_t written_version(const Shared *s, Id id)
{
	const Written key = {.id = id};
	const Written *found = g_hash_table_lookup(s->written[0], &key);
	if (!found)
		found = g_hash_table_lookup(s->written[1], &key);
	return found ? found->version : 0;
}

static void index_set(const Shared *s, const MatchKeys *keys, bool is_there)
{
	if (is_there)
		match_put(s->house->match, keys);
	else
		match_remove(s->house->match, keys->object, keys->id);
}

void shared_put(Shared *s, const MatchKeys *keys, bool is_there, int64_t version)
{
	if (!follow_has_others(s->house)) {
		index_set(s, keys, is_there);
		return;
	}
	pthread_mutex_lock(&s->lock);
	written_note(s, keys->id, version);
	index_set(s, keys, is_there);
	pthread_mutex_unlock(&s->lock);
}

/* ---- what others wrote ---- */

static void row_apply(Shared *s, const Rows *rows, MatchObject kind)
{
	int64_t version = rows_int(rows, 6);
	const MatchKeys keys = {
		.object = kind,
		.id = rows_id(rows, 0),
		.open = status_is_open(rows_text(rows, 5)),
		.phone = rows_text(rows, 1),
		.email = rows_text(rows, 2),
		.code = rows_text(rows, 3),
		.company = rows_text(rows, 4),
	};
	pthread_mutex_lock(&s->lock);
	if (version > written_version(s, keys.id))
		index_set(s, &keys, rows_is_null(rows, 7));
	pthread_mutex_unlock(&s->lock);
}

static int rows_apply(Shared *s, Rows *rows, MatchObject kind)
{
	while (rows_next(rows))
		row_apply(s, rows, kind);
	return rows_error(rows);
}

static Value ids_value(Call *c, const Id *ids, size_t n)
{
	char text[ID_TEXT_SIZE];
	Buf *list = buf_new(c, n * ID_TEXT_SIZE + 1);
	for (size_t i = 0; i < n; i++)
		buf_printf(list, "%s%s", i ? "," : "", id_text(ids[i], text));
	return value_text(list->data);
}

#define OF_THEM " WHERE id = ANY(string_to_array($1, ',')::uuid[])"

static int leads_read(Call *c, const Id *ids, size_t n, void *arg)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, phone, email, NULL, company, status, version, deleted_at FROM lead"
		OF_THEM, ids_value(c, ids, n));
	return r < 0 ? r : rows_apply(arg, rows, MATCH_LEAD);
}

static int accounts_read(Call *c, const Id *ids, size_t n, void *arg)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, phone, email, code, name, NULL, version, deleted_at FROM account"
		OF_THEM, ids_value(c, ids, n));
	return r < 0 ? r : rows_apply(arg, rows, MATCH_ACCOUNT);
}

static int contacts_read(Call *c, const Id *ids, size_t n, void *arg)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, phone, email, NULL, NULL, NULL, version, deleted_at FROM contact"
		OF_THEM, ids_value(c, ids, n));
	return r < 0 ? r : rows_apply(arg, rows, MATCH_CONTACT);
}

void shared_follow(Shared *s)
{
	follow_on(s->house, "lead", leads_read, s);
	follow_on(s->house, "account", accounts_read, s);
	follow_on(s->house, "contact", contacts_read, s);
}

static int shared_free(Shared *s)
{
	for (int i = 0; i < 2; i++)
		g_hash_table_unref(s->written[i]);
	pthread_mutex_destroy(&s->lock);
	return 0;
}

Shared *shared_new(TALLOC_CTX *ctx, House *house)
{
	Shared *s = talloc_zero(ctx, Shared);
	s->house = house;
	pthread_mutex_init(&s->lock, NULL);
	for (int i = 0; i < 2; i++) {
		s->written[i] = g_hash_table_new(written_hash, written_equal);
		s->mem[i] = talloc_new(s);
	}
	talloc_set_destructor(s, shared_free);
	return s;
}

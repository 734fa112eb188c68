/* Many alerts of one transaction: locked in one order, looked up in one statement, then written one by one. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "event/alert_int.h"

#define POST_TEXT_MAX (4 * 1024 * 1024) /* names and keys of a transaction's alerts, as JSON */

struct AlertPost {
	Alert *alert;
	AlertView *view;   /* found: what stands already */
	const char **name; /* of the locks */
	size_t n;
};

AlertPost *alert_post_new(Call *c)
{
	return talloc_zero(tx_mem(c->tx), AlertPost);
}

int alert_send_by(Call *c, AlertPost *post, const Alert *alert)
{
	if (!post)
		return alert_send(c, alert);
	if (post->n == talloc_array_length(post->alert))
		post->alert = talloc_realloc(post, post->alert, Alert, post->n ? (unsigned)post->n * 2 : 64);
	Alert *copy = &post->alert[post->n++];
	*copy = *alert;
	copy->reason = talloc_strdup(post->alert, alert->reason);
	copy->merge_key = talloc_strdup(post->alert, alert->merge_key);
	copy->object = talloc_strdup(post->alert, alert->object);
	copy->data = talloc_strdup(post->alert, alert->data);
	return 0;
}

/* ---- locking ---- */

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In one order, so that two transactions with the same receivers wait for each other and not in a circle. */
static int post_lock(Call *c, AlertPost *post)
{
	if (!tx_is_postgres(c->tx))
		return 0;
	const char **sorted = talloc_memdup(post, post->name, post->n * sizeof *post->name);
	qsort(sorted, post->n, sizeof *sorted, name_order);
	Buf *text = buf_new(post, POST_TEXT_MAX);
	JsonOut out = json_out(text);
	json_array_begin(&out);
	for (size_t i = 0; i < post->n; i++)
		if (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0)
			json_put_text(&out, sorted[i]);
	json_array_end(&out);
	int r = buf_failed(text) ? ERR_TOO_LARGE : db_send(c->tx,
		"SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))) "
		"FROM (SELECT name FROM jsonb_array_elements_text($1) WITH ORDINALITY AS n(name, place) ORDER BY place) AS n",
		value_text(text->data));
	talloc_free(text);
	talloc_free(sorted);
	return r;
}

/* ---- what stands already ---- */

static const char *post_wanted(const AlertPost *post, TALLOC_CTX *ctx)
{
	Buf *text = buf_new(ctx, POST_TEXT_MAX);
	JsonOut out = json_out(text);
	json_array_begin(&out);
	for (size_t i = 0; i < post->n; i++) {
		json_array_begin(&out);
		json_put_id(&out, post->alert[i].receiver);
		json_put_text(&out, alert_merge_key(&post->alert[i]));
		json_array_end(&out);
	}
	json_array_end(&out);
	return buf_failed(text) ? NULL : text->data;
}

static int post_look(Call *c, AlertPost *post)
{
	ROWS rows = NULL;
	const char *wanted = post_wanted(post, post);
	if (!wanted)
		return ERR_TOO_LARGE;
	int r = db_query(c->tx, &rows,
	                 "SELECT w.place, a.id, a.count, a.at, a.read_at FROM jsonb_array_elements($1) WITH ORDINALITY "
	                 "AS w(want, place) CROSS JOIN LATERAL (SELECT id, count, at, read_at FROM alert "
	                 "WHERE receiver = (w.want->>0)::uuid AND at > $2 AND merge_key = w.want->>1 AND expires > $3 "
	                 "ORDER BY at DESC LIMIT 1) AS a",
	                 value_text(wanted), value_time(c->now_ms - ALERT_MERGE_MS), value_time(c->now_ms));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		AlertView *view = &post->view[rows_int(rows, 0) - 1];
		view->id = rows_id(rows, 1);
		view->count = rows_int(rows, 2);
		view->at_ms = rows_int(rows, 3);
		view->was_unread = rows_is_null(rows, 4);
	}
	return rows_error(rows);
}

/* ---- sending ---- */

/* An earlier one of the same post may be what this one is counted into. */
static int post_put_one(Call *c, AlertPost *post, GHashTable *written, size_t i)
{
	AlertView *view = &post->view[i];
	const AlertView *before = g_hash_table_lookup(written, post->name[i]);
	if (before) {
		view->id = before->id;
		view->count = before->count;
		view->at_ms = before->at_ms;
		view->was_unread = true;
	}
	int r = alert_put(c, &post->alert[i], view);
	g_hash_table_insert(written, (gpointer)post->name[i], view);
	return r;
}

static int post_put_all(Call *c, AlertPost *post)
{
	GHashTable *written = g_hash_table_new(g_str_hash, g_str_equal);
	int r = 0;
	for (size_t i = 0; r == 0 && i < post->n; i++)
		r = post_put_one(c, post, written, i);
	g_hash_table_destroy(written);
	return r;
}

static int post_send_each(Call *c, const AlertPost *post)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < post->n; i++)
		r = alert_send(c, &post->alert[i]);
	return r;
}

static int post_send_together(Call *c, AlertPost *post)
{
	post->view = talloc_array(post->alert, AlertView, (unsigned)post->n);
	post->name = talloc_array(post->alert, const char *, (unsigned)post->n);
	for (size_t i = 0; i < post->n; i++) {
		post->view[i] = alert_view(&post->alert[i]);
		post->name[i] = alert_lock_name(post->name, &post->alert[i]);
	}
	int r = post_lock(c, post);
	if (r == 0)
		r = post_look(c, post);
	return r < 0 ? call_store_failed(c, r) : post_put_all(c, post);
}

int alert_post_send(Call *c, AlertPost *post)
{
	int r = 0;
	if (post->n)
		r = tx_is_postgres(c->tx) ? post_send_together(c, post) : post_send_each(c, post);
	TALLOC_FREE(post->alert);
	post->n = 0;
	return r;
}

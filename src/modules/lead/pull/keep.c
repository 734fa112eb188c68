/* What is durable of fetching. The key of what was fetched is written first, with the receipt's id, and the receipt
 * after it: a crash between the two makes the same receipt again, one behind them makes none. */
#include "modules/lead/pull/pull_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "call/secret.h"
#include "event/timer.h"

/* ---- one receipt ---- */

typedef struct {
	Visit *v;
	const char *digest;
	Receipt *receipt;
	bool is_new;
} Keep;

static int key_claim(Tx *tx, void *arg)
{
	Keep *k = arg;
	Receipt *r = k->receipt;
	int err = db_exec(tx,
	                  "INSERT INTO pull_seen (source, digest, receipt, at) VALUES ($1, $2, $3, $4) "
	                  "ON CONFLICT (source, digest) DO NOTHING",
	                  value_id(k->v->source), value_text(k->digest), value_id(r->id), value_time(r->at));
	if (err < 0)
		return err;
	if (db_changes(tx) == 1) /* counted with its key: neither a crash nor a second visit makes it one more */
		return db_exec(tx, "UPDATE pull SET taken = taken + 1 WHERE source = $1", value_id(k->v->source));
	return db_id(tx, &r->id, "SELECT receipt FROM pull_seen WHERE source = $1 AND digest = $2",
	             value_id(k->v->source), value_text(k->digest));
}

static int receipt_keep(Tx *tx, void *arg)
{
	Keep *k = arg;
	int err = receipt_write_once(tx, k->receipt);
	k->is_new = err == 0 && db_changes(tx) == 1;
	return err;
}

static void handed_on(Intake *in, const Receipt *r)
{
	pulse_arrived(in->pulse, r->source, r->at);
	if (r->state == RECEIPT_PENDING)
		taker_give(in->taker, r);
	else
		quarantine_tell(in, r, r->reason, r->detail);
}

bool keep(Visit *v, Digest key, Receipt *r)
{
	char digest[33];
	Keep k = {.v = v, .digest = digest_text(key, digest), .receipt = r};
	r->at = clock_now_ms(v->house->clock);
	r->id = id_new(r->at);
	r->source = v->source;
	r->source_key = v->source_key;
	r->headers = "{}";
	int err = store_write_wait(v->house->store, key_claim, &k);
	if (err == 0)
		err = store_write_wait(receipt_log_store(v->house->intake->log), receipt_keep, &k);
	if (err < 0) {
		visit_fault(v, "pull_store", NULL);
		return false;
	}
	if (k.is_new)
		handed_on(v->house->intake, r);
	return true;
}

/* ---- the visit's beginning and end ---- */

static void left_read(PullMark *m, const char *text)
{
	char *end = NULL;
	for (const char *at = text; at && *at && m->n_left < PULL_LEFT_MAX; at = end) {
		m->left[m->n_left++] = strtoll(at, &end, 10);
		if (end == at)
			break;
	}
}

static const char *left_text(TALLOC_CTX *ctx, const PullMark *m)
{
	char *text = m->n_left ? talloc_strdup(ctx, "") : NULL;
	for (int i = 0; i < m->n_left; i++)
		text = talloc_asprintf_append(text, "%s%lld", i ? " " : "", (long long)m->left[i]);
	return text;
}

static int mark_load(Call *c, Visit *v)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT started_at, validity, uid, since, stuck_uid, stuck, fails, broke, left_uids FROM pull "
	                 "WHERE source = $1",
	                 value_id(v->source));
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		v->mark = (PullMark){.started_at = rows_int(rows, 0),
		                     .validity = rows_int(rows, 1),
		                     .uid = rows_int(rows, 2),
		                     .since_ms = rows_int(rows, 3),
		                     .stuck_uid = rows_int(rows, 4),
		                     .stuck = (int)rows_int(rows, 5),
		                     .fails = (int)rows_int(rows, 6),
		                     .broke = (int)rows_int(rows, 7)};
		left_read(&v->mark, rows_text(rows, 8));
	}
	return rows_error(rows);
}

static int secret_load(Call *c, Visit *v)
{
	const char *text = NULL;
	int r = secret_get(c, json_id(v->settings, "secret"), &text);
	v->secret_lost = r == ERR_INTERNAL;
	if (v->secret_lost) {
		call_reset(c);
		return 0;
	}
	v->secret = talloc_strdup(v, text);
	return r;
}

int visit_load(Call *c, Visit *v, Id id)
{
	Record *source;
	JsonFault fault;
	int r = record_load_any(c, "source", id, &source);
	if (r < 0)
		return r;
	const char *text = record_text(source, "inbox");
	v->settings = text ? json_parse(v, text, strlen(text), &fault) : NULL;
	if (!v->settings || !value_is_null(record_get(source, "deleted_at")))
		return ERR_NOT_FOUND;
	v->source = id;
	v->source_key = talloc_strdup(v, record_text(source, "key"));
	v->enabled = record_get(source, "enabled")->i != 0;
	r = secret_load(c, v);
	return r < 0 ? r : mark_load(c, v);
}

/* The pause doubles with each fault; a wrong password is not tried so often that the account is locked. */
static int64_t pause_of(const Visit *v)
{
	int64_t every_ms = json_int(v->settings, "every_min", PULL_EVERY_MIN) * MINUTE_MS;
	if (!v->result.reason)
		return v->result.more ? 0 : every_ms;
	int64_t pause_ms = every_ms << (v->mark.fails < 6 ? v->mark.fails : 6);
	bool is_denied = strcmp(v->result.reason, "pull_denied") == 0 || strcmp(v->result.reason, "kf_secret") == 0;
	if (is_denied && pause_ms < 10 * MINUTE_MS)
		pause_ms = 10 * MINUTE_MS;
	if (pause_ms < v->result.wait_ms)
		pause_ms = v->result.wait_ms;
	return pause_ms < PULL_REST_MAX_MS ? pause_ms : PULL_REST_MAX_MS;
}

int pull_wanted(Call *c, Id source, const char *account, const char *token)
{
	int64_t n = 0;
	int r = db_int(c->tx, &n, "SELECT count(*) FROM pull WHERE source = $1", value_id(source));
	if (r < 0 || n == 0)
		return r;
	r = db_exec(c->tx,
	            "INSERT INTO pull_account (source, account, token, due) VALUES ($1, $2, $3, 1) "
	            "ON CONFLICT (source, account) DO UPDATE SET token = excluded.token, due = 1",
	            value_id(source), value_text(account), value_text(token));
	return r < 0 ? r : timer_set(c, PULL_TIMER, source, c->now_ms, NULL);
}

/* False: while the visit lasted the source was set up anew, and what it found is not so any more. */
static bool is_as_it_was(Call *c, const Visit *v)
{
	Visit *now = talloc_zero(c, Visit);
	return visit_load(c, now, v->source) == 0 && now->mark.started_at == v->mark.started_at;
}

static int mark_write(Call *c, const Visit *v)
{
	const PullMark *m = &v->mark;
	return db_exec(c->tx,
	               "UPDATE pull SET validity = $2, uid = $3, since = $4, stuck_uid = $5, stuck = $6, broke = $7, "
	               "left_uids = $8 WHERE source = $1",
	               value_id(v->source), value_int(m->validity), value_int(m->uid), value_time(m->since_ms),
	               value_int(m->stuck_uid), value_int(m->stuck), value_int(m->broke), value_text(left_text(c, m)));
}

static int health_write(Call *c, const Visit *v)
{
	if (!v->result.reason)
		return db_exec(c->tx,
		               "UPDATE pull SET checked_at = $2, ok_at = $2, fails = 0, reason = NULL, detail = NULL "
		               "WHERE source = $1",
		               value_id(v->source), value_time(c->now_ms));
	return db_exec(c->tx,
	               "UPDATE pull SET checked_at = $2, failed_at = $2, fails = fails + 1, reason = $3, detail = $4 "
	               "WHERE source = $1",
	               value_id(v->source), value_time(c->now_ms), value_text(v->result.reason),
	               value_text(v->result.detail));
}

int visit_end(Tx *tx, void *arg)
{
	Visit *v = arg;
	Call *c = call_new_system(tx_mem(tx), v->house, tx, "pull");
	if (!is_as_it_was(c, v))
		return 0;
	int r = mark_write(c, v);
	if (r == 0)
		r = health_write(c, v);
	if (r == 0)
		r = db_exec(tx, "DELETE FROM pull_seen WHERE source = $1 AND at < $2", value_id(v->source),
		            value_time(c->now_ms - PULL_SEEN_MS));
	/* a visit that was asked for meanwhile stands and is nearer */
	return r < 0 ? r : timer_set_earliest(c, PULL_TIMER, v->source, c->now_ms + pause_of(v), NULL);
}

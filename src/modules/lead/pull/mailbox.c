/* A visit to a mailbox: is there anything new, which, and one after the other the beginning of each mail as a receipt.
 * The place reached (UIDVALIDITY and UID) is written at the end; a visit that is cut off is made again, and what it had
 * fetched is recognised by its Message-ID. */
#include "modules/lead/pull/pull_int.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "mail/mail.h"
#include "match/email.h"
#include "modules/lead/intake/letter.h"
#include "modules/lead/pull/imap.h"

#define STEP_MS (20 * SECOND_MS)      /* deadline of one request */
#define TRIES_MAX 5                   /* visits before a mail that is not handed out is given up */
#define LINES_MAX (256 * 1024)
#define SINCE_MAX_MS (300 * (int64_t)DAY_MS)
#define ID_COMMAND "ID (\"name\" \"Tenon\" \"version\" \"1\")" /* some servers give nothing to who does not say it */

typedef struct {
	Visit *v;
	char *server, *folder, *url; /* url: of the folder */
	NetBox box;
	ImapStatus status;
} Box;

/* ---- one step ---- */

static void step(Box *b, const char *url, const char *command, size_t max, Asked *ret)
{
	b->box.command = command;
	const NetRequest request = {.url = url,
	                            .box = &b->box,
	                            .answer_max = max,
	                            .deadline_ms = STEP_MS,
	                            .allowed_host = json_text(b->v->settings, "allowed_host")};
	ask(b->v, &request, ret);
	b->box.first = false;
}

static bool box_open(Visit *v, Box *b)
{
	bool tls = strcmp(visit_text(v, "tls"), "tls") == 0;
	const char *host = visit_text(v, "host");
	int64_t port = json_int(v->settings, "port", tls ? 993 : 143);
	*b = (Box){.v = v, .folder = imap_folder(v, visit_text(v, "folder"))};
	if (v->secret_lost || !v->secret) {
		visit_fault(v, v->secret_lost ? "secret_unreadable" : "no_secret", NULL);
		return false;
	}
	if (!b->folder) {
		visit_fault(v, "pull_missing", visit_text(v, "folder"));
		return false;
	}
	b->server = imap_url(v, tls, host, port, NULL);
	b->url = imap_url(v, tls, host, port, b->folder);
	b->box = (NetBox){.user = visit_text(v, "user"), .password = v->secret, .first = true};
	b->box.tls = strcmp(visit_text(v, "tls"), "none") != 0;
	return true;
}

/* A server that does not say which UID comes next tells the newest there is. */
static void next_find(Box *b)
{
	Asked asked;
	int64_t *uid;
	step(b, b->url, IMAP_NEWEST_COMMAND, LINES_MAX, &asked);
	size_t n = asked.result == NET_OK ? imap_search_read(b->v->mem, asked.body, 1, IMAP_UID_MAX, &uid) : 0;
	if (n > 0)
		b->status.next = uid[n - 1] + 1;
	else if (b->status.messages == 0)
		b->status.next = 1;
	else if (asked.result == NET_OK)
		visit_fault(b->v, "pull_strange", NULL);
	else
		visit_unanswered(b->v, &asked);
}

/* Who we are, which a server may not understand, and how the folder is. */
static bool box_status(Box *b)
{
	Asked asked;
	step(b, b->server, ID_COMMAND, LINES_MAX, &asked);
	if (asked.result != NET_OK && asked.result != NET_MAIL) {
		visit_unanswered(b->v, &asked);
		return false;
	}
	step(b, b->server, imap_status_command(b->v->mem, b->folder), LINES_MAX, &asked);
	if (asked.result == NET_MAIL || asked.result == NET_MISSING)
		visit_fault(b->v, "pull_missing", visit_text(b->v, "folder"));
	else if (asked.result != NET_OK)
		visit_unanswered(b->v, &asked);
	else if (!imap_status_read(asked.body, &b->status))
		visit_fault(b->v, "pull_strange", NULL);
	else if (b->status.next == 0)
		next_find(b);
	return !b->v->result.reason;
}

/* The connection is closed, not kept: servers count how many there are. */
static void box_close(Box *b)
{
	Asked asked;
	b->box.last = true;
	step(b, b->server, "NOOP", LINES_MAX, &asked);
}

/* ---- where to go on ---- */

/* Mails that lay there before the source was set up are nobody's enquiries. After a change of UIDVALIDITY all is looked
 * at again, as far as it may be ours. */
static void place_find(Box *b)
{
	PullMark *m = &b->v->mark;
	int64_t now = clock_now_ms(b->v->house->clock);
	if (m->validity == b->status.validity)
		return;
	if (m->validity != 0) {
		m->since_ms = m->started_at - DAY_MS > now - SINCE_MAX_MS ? m->started_at - DAY_MS : now - SINCE_MAX_MS;
		m->uid = 0;
		log_info("pull", "the folder of source %s is a new one; it is looked at again", b->v->source_key);
	} else if (!json_flag(b->v->settings, "old", false))
		m->uid = b->status.next - 1;
	m->validity = b->status.validity;
	m->stuck_uid = m->stuck = m->broke = m->n_left = 0;
}

/* The next UIDs behind the place reached; none: there is nothing behind it within the window. */
static bool search(Box *b, int64_t to, int64_t **ret, size_t *ret_n)
{
	Asked asked;
	const PullMark *m = &b->v->mark;
	step(b, b->url, imap_search_command(b->v->mem, m->uid + 1, to, m->since_ms), LINES_MAX, &asked);
	if (asked.result != NET_OK) {
		visit_unanswered(b->v, &asked);
		return false;
	}
	*ret_n = imap_search_read(b->v->mem, asked.body, m->uid + 1, to, ret);
	return true;
}

/* ---- one mail ---- */

static bool is_listed(Visit *v, const char *address)
{
	size_t i;
	json_t *item;
	const json_t *senders = json_object_get(v->settings, "senders");
	size_t len = address ? strlen(address) : 0;
	json_array_foreach ((json_t *)senders, i, item) {
		const char *text = json_string_value(item);
		size_t n = text ? strlen(text) : 0;
		bool is_domain = text && text[0] == '@';
		if (n && n <= len && strcasecmp(address + (is_domain ? len - n : 0), text) == 0)
			return true;
	}
	return json_array_size(senders) == 0;
}

/* Two mails are one when Message-ID and sender agree; without a Message-ID when their heads do. */
static Digest key_of(const Visit *v, const Mail *m, const char *bytes, size_t len)
{
	const char *address = m->from_address ? m->from_address : "";
	const char *parts[] = {v->source_key, m->message_id ? m->message_id : bytes, address};
	const size_t lens[] = {strlen(parts[0]), m->message_id ? strlen(parts[1]) : mail_head_len(bytes, len),
	                       strlen(address)};
	return digest_of(parts, lens, ARRAY_LEN(parts));
}

static bool mail_keep(Visit *v, const char *bytes, size_t len, int64_t whole)
{
	Mail mail;
	Receipt r = {.body = bytes, .body_len = len};
	mail_read(v->mem, bytes, len, whole, &mail);
	r.content_type = talloc_asprintf(v->mem, LETTER_TYPE "; size=%lld", (long long)whole);
	r.visitor = mail.from_address ? mail.from_address : "?";
	if (!is_listed(v, mail.from_address)) {
		r.state = RECEIPT_QUARANTINED;
		r.reason = "sender_not_listed";
		r.detail = reason_argument(v->mem, r.visitor);
	}
	return keep(v, key_of(v, &mail, bytes, len), &r);
}

/* Whether it is the mail that is not handed out: a line that breaks or hangs says nothing of it, nor does a server that
 * asks to come back later (RFC 5530, or in words). */
static bool is_the_mails(const Asked *asked)
{
	static const char *const later[] = {"[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[OVERQUOTA]", "[THROTTLED]",
	                                    "[SERVERBUG]", "[CONTACTADMIN]", "later", "temporar", "busy", "too many",
	                                    "稍后"};
	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		if (strcasestr(asked->detail, later[i]))
			return false;
	return asked->result == NET_MISSING || asked->result == NET_TOO_LARGE;
}

static void stuck_at(PullMark *m, int64_t uid)
{
	if (m->stuck_uid != uid)
		m->stuck = m->broke = 0;
	m->stuck_uid = uid;
}

/* At this mail the line broke in visit after visit: it is kept for later, stops nobody, and is not given up. */
static bool leave(Box *b, int64_t uid)
{
	PullMark *m = &b->v->mark;
	stuck_at(m, uid);
	if (++m->broke < TRIES_MAX || m->n_left == PULL_LEFT_MAX)
		return false;
	m->left[m->n_left++] = uid;
	b->box.first = true; /* on a new connection */
	log_warn("pull", "source %s: the line breaks at UID %lld; the mails behind it are fetched first", b->v->source_key,
	         (long long)uid);
	return true;
}

/* A mail that the server refuses again and again is told of and passed; one that is gone meanwhile is none. */
static bool give_up(Box *b, int64_t uid, int tries_max)
{
	Visit *v = b->v;
	PullMark *m = &v->mark;
	stuck_at(m, uid);
	if (++m->stuck < tries_max)
		return false;
	char *what = talloc_asprintf(v->mem, "UID %lld, UIDVALIDITY %lld", (long long)uid, (long long)m->validity);
	Receipt r = {.body = "", .content_type = LETTER_TYPE, .visitor = "?", .state = RECEIPT_QUARANTINED,
	             .reason = "mail_unreadable", .detail = what};
	const char *parts[] = {v->source_key, "unreadable", what};
	const size_t lens[] = {strlen(parts[0]), strlen(parts[1]), strlen(what)};
	return keep(v, digest_of(parts, lens, ARRAY_LEN(parts)), &r);
}

static bool is_gone(Box *b, int64_t uid)
{
	Asked asked;
	int64_t *found;
	step(b, b->url, imap_search_command(b->v->mem, uid, uid, 0), LINES_MAX, &asked);
	return asked.result == NET_OK && imap_search_read(b->v->mem, asked.body, uid, uid, &found) == 0;
}

/* How long the mail is in truth. */
static int64_t whole_of(Box *b, int64_t uid, const Asked *mail)
{
	Asked asked;
	if (mail->len < MAIL_BYTES_MAX)
		return (int64_t)mail->len;
	step(b, b->url, talloc_asprintf(b->v->mem, "UID FETCH %lld (RFC822.SIZE)", (long long)uid), LINES_MAX, &asked);
	int64_t size = asked.result == NET_OK ? imap_size_read(asked.body) : 0;
	return size > (int64_t)mail->len ? size : (int64_t)mail->len;
}

static bool fetch_one(Box *b, int64_t uid, Asked *ret)
{
	Visit *v = b->v;
	step(b, imap_message_url(v->mem, b->url, v->mark.validity, uid, MAIL_BYTES_MAX), NULL, MAIL_BYTES_MAX, ret);
	return ret->result == NET_OK || (ret->result == NET_TOO_LARGE && ret->len > 0);
}

/* False: the visit ends here, and the next one begins with this mail. */
static bool fetch(Box *b, int64_t uid)
{
	Asked asked;
	Visit *v = b->v;
	if (fetch_one(b, uid, &asked))
		return mail_keep(v, asked.body, asked.len, whole_of(b, uid, &asked));
	if (asked.result == NET_MISSING && is_gone(b, uid))
		return true;
	bool is_passed = is_the_mails(&asked) ? give_up(b, uid, TRIES_MAX) : leave(b, uid);
	if (!is_passed)
		visit_unanswered(v, &asked);
	return is_passed;
}

/* One that was left: true when nothing is left of it. */
static bool fetch_left(Box *b, int64_t uid)
{
	Asked asked;
	if (fetch_one(b, uid, &asked))
		return mail_keep(b->v, asked.body, asked.len, whole_of(b, uid, &asked));
	if (asked.result == NET_MISSING && is_gone(b, uid))
		return true;
	b->box.first = asked.result != NET_MISSING; /* what broke is not talked on */
	return is_the_mails(&asked) && give_up(b, uid, 1);
}

/* ---- the visit ---- */

static bool is_late(const Visit *v)
{
	return clock_monotonic_ms() >= v->until_ms || pull_is_closing(v->pull);
}

static void fetch_all(Box *b, const int64_t *uid, size_t n)
{
	Visit *v = b->v;
	TALLOC_CTX *outer = v->mem;
	bool fine = true;
	for (size_t i = 0; i < n && fine && !is_late(v); i++) {
		v->mem = talloc_new(outer);
		fine = fetch(b, uid[i]);
		v->mark.uid = fine ? uid[i] : v->mark.uid;
		talloc_free(v->mem);
	}
	v->mem = outer;
	v->result.more = n > 0 && v->mark.uid < uid[n - 1];
}

/* Behind all others, and no fault of the visit: new mails must not wait for them. */
static void left_again(Box *b)
{
	Visit *v = b->v;
	PullMark *m = &v->mark;
	TALLOC_CTX *outer = v->mem;
	int kept = 0;
	for (int i = 0; i < m->n_left; i++) {
		v->mem = talloc_new(outer);
		bool is_over = !v->result.reason && !v->result.more && !is_late(v) && fetch_left(b, m->left[i]);
		if (!is_over)
			m->left[kept++] = m->left[i];
		talloc_free(v->mem);
	}
	v->mem = outer;
	m->n_left = kept;
}

static void imap_visit(Visit *v)
{
	Box b;
	if (!box_open(v, &b) || !box_status(&b))
		return;
	place_find(&b);
	int64_t last = b.status.next - 1;
	while (v->mark.uid < last && !v->result.reason && !v->result.more && !is_late(v)) {
		int64_t *uid, to = last > v->mark.uid + IMAP_WINDOW ? v->mark.uid + IMAP_WINDOW : last;
		size_t n;
		if (!search(&b, to, &uid, &n))
			break;
		fetch_all(&b, uid, n);
		if (!v->result.reason && !v->result.more)
			v->mark.uid = to;
	}
	left_again(&b);
	box_close(&b);
}

static void imap_test(Visit *v, int64_t *ret_n)
{
	Box b;
	if (!box_open(v, &b) || !box_status(&b))
		return;
	*ret_n = b.status.messages;
	box_close(&b);
}

const PullKind kind_imap = {.name = "imap", .visit = imap_visit, .test = imap_test};

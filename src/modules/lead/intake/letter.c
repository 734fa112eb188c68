/* Forms arrive by mail in every shape; what they share is a label before each value. A line is a label and a value when
 * something divides them; labels that intake knows are fields, the others are kept when the mail is a form at all. */
#include "modules/lead/intake/letter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <glib.h>

#include "base/utf8.h"
#include "call/when.h"
#include "mail/mail.h"
#include "match/email.h"
#include "match/phone.h"
#include "modules/lead/intake/understand.h"

#define LABEL_MAX 60   /* bytes; longer ones are sentences */
#define VALUE_MAX 2000
#define LABELS_MAX 40
#define FORM_FROM 2    /* known labels that make a form */
#define LINES_MAX 5000 /* lines that are looked at */

typedef struct {
	const char *label, *field, *value; /* field: the known one, or NULL */
} Labelled;

typedef struct {
	TALLOC_CTX *ctx;
	const Mail *mail;
	char **line;
	int n_lines;
	Labelled labelled[LABELS_MAX];
	int n, known;
	const char *sender_name, *sender_address; /* who asks: of a forwarded mail the first sender */
} Letter;

bool letter_is(const char *content_type, const char *body, size_t len)
{
	return content_type && strncasecmp(content_type, LETTER_TYPE, strlen(LETTER_TYPE)) == 0 && !(len && body[0] == '{');
}

/* ---- lines ---- */

static char *trimmed(TALLOC_CTX *ctx, const char *text, size_t len)
{
	static const char *const blanks[] = {"\u00a0", "\u3000", " ", "\t", "\r", "*", ">", "|", "-", "\u2022"};
	char *copy = talloc_strndup(ctx, text, len), *at = copy;
	for (size_t i = 0; i < ARRAY_LEN(blanks);) {
		bool is_here = strncmp(at, blanks[i], strlen(blanks[i])) == 0;
		at += is_here ? strlen(blanks[i]) : 0;
		i = is_here ? 0 : i + 1;
	}
	return g_strchomp(at);
}

/* Quoted lines of an answer belong to what was written before. */
static void lines_split(Letter *l)
{
	const char *at = l->mail->text;
	l->line = talloc_zero_array(l->ctx, char *, LINES_MAX);
	while (*at && l->n_lines < LINES_MAX) {
		size_t n = strcspn(at, "\n");
		if (*at != '>')
			l->line[l->n_lines++] = trimmed(l->ctx, at, n);
		at += n + (at[n] == '\n');
	}
}

/* The first of what divides a label from its value: *ret_skip bytes of it. */
static const char *divider(const char *line, size_t *ret_skip)
{
	static const char *const dividers[] = {"\uff1a", ":", "\t", "="};
	const char *first = NULL;
	for (size_t i = 0; i < ARRAY_LEN(dividers); i++) {
		const char *at = strstr(line, dividers[i]);
		if (at && (!first || at < first)) {
			first = at;
			*ret_skip = strlen(dividers[i]);
		}
	}
	return first && first != line && (size_t)(first - line) <= LABEL_MAX ? first : NULL;
}

/* "*您的姓名（必填）" -> "姓名" */
static const char *label_clean(TALLOC_CTX *ctx, const char *text, size_t len)
{
	static const char *const before[] = {"您的", "你的", "客户", "Your ", "your "};
	static const char *const behind[] = {"(", "\uff08", "[", "\u3010"};
	char *label = trimmed(ctx, text, len);
	for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
		char *cut = strstr(label, behind[i]);
		if (cut && cut != label)
			*cut = '\0';
	}
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		if (strncmp(label, before[i], strlen(before[i])) == 0 && label[strlen(before[i])])
			label += strlen(before[i]);
	return g_strchomp(label);
}

static const char *value_cut(TALLOC_CTX *ctx, const char *text)
{
	size_t len = strlen(text);
	return talloc_strndup(ctx, text, utf8_valid_len(text, len < VALUE_MAX ? len : VALUE_MAX));
}

static bool has_label(const char *line)
{
	size_t skip;
	return divider(line, &skip) != NULL;
}

/* The value stands behind the label or, when nothing does, in the next line; a message goes on to the next label. */
static const char *value_of(const Letter *l, int at, const char *rest, bool is_message)
{
	char *value = trimmed(l->ctx, rest, strlen(rest));
	if (!*value && at + 1 < l->n_lines && !has_label(l->line[at + 1]))
		value = l->line[++at];
	for (at++; is_message && at < l->n_lines && strlen(value) < VALUE_MAX && !has_label(l->line[at]); at++)
		value = talloc_asprintf(l->ctx, "%s\n%s", value, l->line[at]);
	return value_cut(l->ctx, g_strchomp(value));
}

static void labels_find(Letter *l)
{
	for (int i = 0; i < l->n_lines && l->n < LABELS_MAX; i++) {
		size_t skip = 0;
		const char *end = divider(l->line[i], &skip);
		if (!end)
			continue;
		const char *label = label_clean(l->ctx, l->line[i], (size_t)(end - l->line[i]));
		const char *field = enquiry_field(l->ctx, label);
		const char *value = value_of(l, i, end + skip, field && strcmp(field, "message") == 0);
		if (!*label || !*value)
			continue;
		l->labelled[l->n++] = (Labelled){label, field, value};
		l->known += field != NULL;
	}
}

/* ---- who asks ---- */

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

static bool is_forwarded(const Mail *m)
{
	static const char *const words[] = {"fw:", "fwd:", "fw\uff1a", "转发:", "转发\uff1a"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (begins(m->subject, words[i]))
			return true;
	return false;
}

/* "王芳 <wang@example.com>" */
static bool sender_parse(Letter *l, const char *text)
{
	char address[255];
	const char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
	const char *bare = close ? talloc_strndup(l->ctx, open + 1, (size_t)(close - open - 1)) : text;
	if (!email_parse(bare, address, NULL, NULL))
		return false;
	char *name = close ? g_strchomp(talloc_strndup(l->ctx, text, (size_t)(open - text))) : NULL;
	l->sender_address = talloc_strdup(l->ctx, address);
	l->sender_name = name && *name ? name : NULL;
	return true;
}

static void sender_find(Letter *l)
{
	const Mail *m = l->mail;
	l->sender_address = m->reply_address ? m->reply_address : m->from_address;
	l->sender_name = m->reply_address && m->reply_name ? m->reply_name : m->from_name;
	for (int i = 0; is_forwarded(m) && i < l->n; i++) {
		const char *label = l->labelled[i].label;
		if ((strcasecmp(label, "from") == 0 || strcmp(label, "发件人") == 0) && sender_parse(l, l->labelled[i].value))
			return;
	}
}

static const char *name_of(const Letter *l)
{
	if (l->sender_name)
		return l->sender_name;
	return l->sender_address ? talloc_strndup(l->ctx, l->sender_address, strcspn(l->sender_address, "@")) : NULL;
}

/* A mobile number anywhere in the text, else the first number of any kind. */
static const char *phone_find(const Letter *l)
{
	Phone phone;
	const char *any = NULL;
	for (int i = 0; i < l->n_lines; i++) {
		if (!phone_parse(l->line[i], &phone))
			continue;
		if (phone.mobile)
			return talloc_strdup(l->ctx, phone.e164);
		any = any ? any : talloc_strdup(l->ctx, phone.e164);
	}
	return any;
}

/* ---- the object ---- */

static void put(json_t *to, const char *key, const char *text)
{
	if (text && *text && !json_object_get(to, key))
		json_object_set_new(to, key, json_string(text));
}

static void labels_put(const Letter *l, json_t *root)
{
	for (int i = 0; i < l->n; i++)
		if (l->labelled[i].field)
			put(root, l->labelled[i].field, l->labelled[i].value);
	for (int i = 0; i < l->n && l->known >= FORM_FROM; i++)
		if (!l->labelled[i].field)
			put(root, l->labelled[i].label, l->labelled[i].value);
}

static void attachments_put(const Mail *m, json_t *root)
{
	json_t *list = json_array();
	for (size_t i = 0; i < m->n_attachments; i++) {
		const MailAttachment *a = &m->attachment[i];
		json_t *one = json_pack("{s:s, s:s, s:I}", "name", a->name, "type", a->type, "size", (json_int_t)a->size);
		if (a->is_cut)
			json_object_set_new(one, "estimated", json_true());
		json_array_append_new(list, one);
	}
	if (m->n_attachments)
		json_object_set(root, "attachments", list);
	if (m->attachments_all > m->n_attachments)
		json_object_set_new(root, "attachments_more",
		                    json_integer((json_int_t)(m->attachments_all - m->n_attachments)));
	json_decref(list);
}

static void mail_put(const Letter *l, json_t *root)
{
	const Mail *m = l->mail;
	char when[WHEN_TEXT_SIZE];
	put(root, "subject", m->subject);
	put(root, "mail_from", m->from_address);
	put(root, "mail_date", m->date_ms ? when_text(m->date_ms, when) : NULL);
	attachments_put(m, root);
	if (m->is_broken)
		json_object_set_new(root, "mail_broken", json_true());
	if (m->is_cut)
		json_object_set_new(root, "mail_cut", json_true());
}

static int64_t size_of(const char *content_type)
{
	const char *at = strstr(content_type, "size=");
	return at ? strtoll(at + 5, NULL, 10) : 0;
}

json_t *letter_read(TALLOC_CTX *ctx, const char *content_type, const char *body, size_t len, const char **ret_noise)
{
	Mail mail;
	json_t *root = json_own(ctx, json_object());
	mail_read(ctx, body, len, size_of(content_type), &mail);
	Letter l = {.ctx = ctx, .mail = &mail};
	lines_split(&l);
	labels_find(&l);
	sender_find(&l);
	bool is_form = l.known >= FORM_FROM;
	labels_put(&l, root);
	put(root, "name", name_of(&l));
	put(root, "email", l.sender_address);
	put(root, "phone", phone_find(&l));
	put(root, "message", value_cut(ctx, talloc_asprintf(ctx, "%s\n%s", mail.subject, mail.text)));
	mail_put(&l, root);
	bool is_machine =
		mail.noise && strcmp(mail.noise, "auto_generated") != 0 && strcmp(mail.noise, "mailing_list") != 0;
	*ret_noise = is_form && !is_machine ? NULL : mail.noise;
	return root;
}

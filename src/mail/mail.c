/* GMime's tree of a mail walked with limits. GMime copes with broken structure, encodings and encoded words; charsets
 * of bodies are ours, because what is said of them is often wrong. */
#include "mail/mail.h"

#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "base/utf8.h"
#include "mail/mail_int.h"

typedef struct {
	TALLOC_CTX *ctx;
	Mail *mail;
	int64_t len, missing; /* bytes read, and what the mail has besides */
	int parts;
	char *plain, *html;
} Reader;

void mail_start(void)
{
	g_mime_init();
}

/* ---- short texts ---- */

/* One line of UTF-8, blanks around dropped, control characters as blanks; NULL when nothing is left. */
static const char *line_of(TALLOC_CTX *ctx, const char *text)
{
	if (!text)
		return NULL;
	size_t len = strlen(text), n = utf8_valid_len(text, len < MAIL_LINE_MAX ? len : MAIL_LINE_MAX);
	char *copy = talloc_strndup(ctx, text, n);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return *g_strstrip(copy) ? copy : NULL;
}

/* ---- bodies ---- */

static char *decoded(Reader *r, GMimePart *part, size_t *ret_len)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream = g_mime_stream_mem_new();
	if (content)
		g_mime_data_wrapper_write_to_stream(content, stream);
	const GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	char *copy = talloc_zero_array(r->ctx, char, bytes->len + 1);
	if (bytes->len)
		memcpy(copy, bytes->data, bytes->len);
	*ret_len = bytes->len;
	g_object_unref(stream);
	return copy;
}

static void text_add(Reader *r, char **to, const char *text)
{
	size_t have = *to ? strlen(*to) : 0, room = have < MAIL_TEXT_MAX ? MAIL_TEXT_MAX - have : 0;
	size_t len = strlen(text), n = utf8_valid_len(text, len < room ? len : room);
	if (n > 0)
		*to = talloc_asprintf(r->ctx, "%s%s%.*s", *to ? *to : "", have ? "\n" : "", (int)n, text);
}

static void text_take(Reader *r, GMimePart *part, bool is_html)
{
	size_t len;
	bool clean = true;
	const char *charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
	const char *bytes = decoded(r, part, &len);
	char *text = charset_read(r->ctx, bytes, len, charset, &clean);
	r->mail->is_broken = r->mail->is_broken || (!clean && r->missing == 0);
	text_add(r, is_html ? &r->html : &r->plain, is_html ? html_text(r->ctx, text, MAIL_TEXT_MAX) : text);
}

/* How long it is when opened; of what was cut, what is missing is counted in. */
static int64_t size_of(Reader *r, GMimePart *part, bool *ret_cut)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream = content ? g_mime_data_wrapper_get_stream(content) : NULL;
	int64_t n = stream ? g_mime_stream_length(stream) : 0;
	*ret_cut = r->missing > 0 && stream && stream->bound_end >= r->len - 4;
	n = (n < 0 ? 0 : n) + (*ret_cut ? r->missing : 0);
	return g_mime_part_get_content_encoding(part) == GMIME_CONTENT_ENCODING_BASE64 ? n / 78 * 57 + n % 78 * 3 / 4 : n;
}

static void attachment_take(Reader *r, GMimePart *part)
{
	Mail *m = r->mail;
	const GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *name = line_of(r->ctx, g_mime_part_get_filename(part));
	if (m->attachments_all++ >= MAIL_ATTACHMENTS_MAX)
		return;
	MailAttachment *a = &m->attachment[m->n_attachments++];
	char *full = g_mime_content_type_get_mime_type((GMimeContentType *)type);
	const char *kept = line_of(r->ctx, full);
	a->name = name ? name : "";
	a->type = kept ? kept : "";
	a->size = size_of(r, part, &a->is_cut);
	g_free(full);
}

static void part_take(Reader *r, GMimePart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	bool is_html = g_mime_content_type_is_type(type, "text", "html");
	bool is_text = is_html || g_mime_content_type_is_type(type, "text", "plain");
	if (!is_text || g_mime_part_is_attachment(part) || g_mime_part_get_filename(part))
		attachment_take(r, part);
	else
		text_take(r, part, is_html);
}

static void object_take(Reader *r, GMimeObject *object, int depth)
{
	if (!object)
		return;
	if (depth > MAIL_DEPTH_MAX || ++r->parts > MAIL_PARTS_MAX) {
		r->mail->is_broken = true;
		return;
	}
	if (GMIME_IS_MULTIPART(object)) {
		int n = g_mime_multipart_get_count(GMIME_MULTIPART(object));
		for (int i = 0; i < n && r->parts <= MAIL_PARTS_MAX; i++)
			object_take(r, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		object_take(r, inner ? g_mime_message_get_mime_part(inner) : NULL, depth + 1);
	} else if (GMIME_IS_PART(object))
		part_take(r, GMIME_PART(object));
}

/* ---- headers ---- */

static void address_take(Reader *r, InternetAddressList *list, const char **ret_name, const char **ret_address)
{
	int n = list ? internet_address_list_length(list) : 0;
	for (int i = 0; i < n && !*ret_address; i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		if (!INTERNET_ADDRESS_IS_MAILBOX(one))
			continue;
		*ret_address = line_of(r->ctx, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)));
		*ret_name = line_of(r->ctx, internet_address_get_name(one));
	}
}

/* As it stands in the mail: GMime makes nothing of an empty Return-Path. */
static const char *header(GMimeMessage *message, const char *name)
{
	GMimeHeader *found = g_mime_header_list_get_header(g_mime_object_get_header_list(GMIME_OBJECT(message)), name);
	const char *text = found ? g_mime_header_get_raw_value(found) : NULL;
	return text ? text + strspn(text, " \t\r\n") : "";
}

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

static bool is_bounce(GMimeMessage *message, const Mail *m)
{
	const char *from = m->from_address ? m->from_address : "";
	GMimeObject *body = g_mime_message_get_mime_part(message);
	GMimeContentType *type = body ? g_mime_object_get_content_type(body) : NULL;
	return (type && g_mime_content_type_is_type(type, "multipart", "report")) ||
	       begins(header(message, "Return-Path"), "<>") || begins(from, "mailer-daemon") ||
	       begins(from, "postmaster@") || *header(message, "X-Failed-Recipients");
}

/* What machines send, by what they say of themselves. */
static const char *noise_of(GMimeMessage *message, const Mail *m)
{
	const char *submitted = header(message, "Auto-Submitted"), *precedence = header(message, "Precedence");
	if (is_bounce(message, m))
		return "bounce";
	if (begins(submitted, "auto-replied") || begins(precedence, "auto_reply") || *header(message, "X-Autoreply") ||
	    *header(message, "X-Autorespond") || begins(header(message, "X-Auto-Response-Suppress"), "All"))
		return "auto_reply";
	if (*header(message, "List-Id") || *header(message, "List-Unsubscribe") || begins(precedence, "list") ||
	    begins(precedence, "bulk") || begins(precedence, "junk"))
		return "mailing_list";
	return *submitted && !begins(submitted, "no") ? "auto_generated" : NULL;
}

static void headers_take(Reader *r, GMimeMessage *message)
{
	Mail *m = r->mail;
	GDateTime *date = g_mime_message_get_date(message);
	m->message_id = line_of(r->ctx, g_mime_message_get_message_id(message));
	const char *subject = line_of(r->ctx, g_mime_message_get_subject(message));
	m->subject = subject ? subject : "";
	address_take(r, g_mime_message_get_from(message), &m->from_name, &m->from_address);
	address_take(r, g_mime_message_get_reply_to(message), &m->reply_name, &m->reply_address);
	m->date_ms = date ? g_date_time_to_unix(date) * 1000 : 0;
	m->noise = noise_of(message, m);
	m->is_broken = m->is_broken || !m->from_address;
}

/* ---- the way ---- */

static GMimeMessage *parse(const char *bytes, size_t len)
{
	const char *charsets[] = {"utf-8", "gb18030", "iso-8859-1", NULL};
	GMimeParserOptions *options = g_mime_parser_options_new();
	g_mime_parser_options_set_fallback_charsets(options, charsets);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, options);
	g_object_unref(parser);
	g_object_unref(stream);
	g_mime_parser_options_free(options);
	return message;
}

/* The longer of the two: a plain part may say no more than that there is an HTML one. */
static const char *text_of(const Reader *r)
{
	const char *plain = r->plain ? r->plain : "", *html = r->html ? r->html : "";
	return strlen(plain) >= 20 || strlen(plain) >= strlen(html) ? plain : html;
}

void mail_read(TALLOC_CTX *ctx, const char *bytes, size_t len, int64_t whole, Mail *ret)
{
	size_t read = len < MAIL_BYTES_MAX ? len : MAIL_BYTES_MAX;
	Reader r = {.ctx = ctx, .mail = ret, .len = (int64_t)read};
	r.missing = whole > r.len ? whole - r.len : (int64_t)len - r.len;
	*ret = (Mail){.subject = "", .text = "", .is_cut = r.missing > 0};
	ret->attachment = talloc_zero_array(ctx, MailAttachment, MAIL_ATTACHMENTS_MAX);
	GMimeMessage *message = parse(bytes, read);
	if (!message) {
		bool clean;
		ret->is_broken = true;
		text_add(&r, &r.plain, charset_read(ctx, bytes, read, NULL, &clean));
	} else {
		headers_take(&r, message);
		object_take(&r, g_mime_message_get_mime_part(message), 0);
		g_object_unref(message);
	}
	ret->text = text_of(&r);
}

size_t mail_head_len(const char *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (bytes[i] == '\n' && (bytes[i + 1] == '\n' || (bytes[i + 1] == '\r' && i + 2 < len && bytes[i + 2] == '\n')))
			return i + 1;
	return len;
}

/* Numbers and names only: answers that could hold a visitor's text are never asked for as lines. */
#include "modules/lead/pull/imap.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <glib.h>

#include "net/client.h"

char *imap_folder(TALLOC_CTX *ctx, const char *name)
{
	gsize len = 0;
	if (strpbrk(name, "\"\\\r\n*%"))
		return NULL;
	char *made = g_convert(name, -1, "UTF-7-IMAP", "UTF-8", NULL, &len, NULL);
	char *copy = made ? talloc_strndup(ctx, made, len) : NULL;
	g_free(made);
	return copy;
}

char *imap_url(TALLOC_CTX *ctx, bool tls, const char *host, int64_t port, const char *folder)
{
	bool is_v6 = strchr(host, ':') && host[0] != '[';
	return talloc_asprintf(ctx, "%s://%s%s%s:%lld/%s", tls ? "imaps" : "imap", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
	                       (long long)port, folder ? net_percent(ctx, folder) : "");
}

char *imap_message_url(TALLOC_CTX *ctx, const char *folder_url, int64_t validity, int64_t uid, size_t max)
{
	return talloc_asprintf(ctx, "%s;UIDVALIDITY=%lld/;UID=%lld/;PARTIAL=0.%zu", folder_url, (long long)validity,
	                       (long long)uid, max);
}

char *imap_status_command(TALLOC_CTX *ctx, const char *folder)
{
	return talloc_asprintf(ctx, "STATUS \"%s\" (UIDVALIDITY UIDNEXT MESSAGES)", folder);
}

char *imap_search_command(TALLOC_CTX *ctx, int64_t from, int64_t to, int64_t since_ms)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char since[48] = "";
	time_t s = (time_t)(since_ms / SECOND_MS);
	struct tm tm;
	gmtime_r(&s, &tm);
	if (since_ms)
		snprintf(since, sizeof since, " SINCE %d-%s-%04d", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900);
	return talloc_asprintf(ctx, "UID SEARCH UID %lld:%lld%s", (long long)from, (long long)to, since);
}

/* The number behind a word of the lines, 0: there is none, or it is none of IMAP's. */
static int64_t number_behind(const char *lines, const char *word)
{
	const char *at = strcasestr(lines, word);
	int64_t n = at ? strtoll(at + strlen(word), NULL, 10) : 0;
	return n < 0 || n > IMAP_UID_MAX ? 0 : n;
}

bool imap_status_read(const char *lines, ImapStatus *ret)
{
	const char *at = strcasestr(lines, "* STATUS ");
	if (!at)
		return false;
	ret->validity = number_behind(at, "UIDVALIDITY ");
	ret->next = number_behind(at, "UIDNEXT ");
	ret->messages = number_behind(at, "MESSAGES ");
	return ret->validity > 0;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return left < right ? -1 : left > right;
}

size_t imap_search_read(TALLOC_CTX *ctx, const char *lines, int64_t from, int64_t to, int64_t **ret)
{
	int64_t *uid = talloc_zero_array(ctx, int64_t, IMAP_WINDOW);
	size_t n = 0, kept = 0;
	for (const char *at = lines; (at = strcasestr(at, "* SEARCH"));) {
		at += strlen("* SEARCH");
		while (*at == ' ' && isdigit((unsigned char)at[1]) && n < IMAP_WINDOW) { /* not into the next line */
			char *end;
			int64_t number = strtoll(at, &end, 10);
			at = end;
			if (number >= from && number <= to)
				uid[n++] = number;
		}
	}
	qsort(uid, n, sizeof *uid, compare);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || uid[kept - 1] != uid[i])
			uid[kept++] = uid[i];
	*ret = uid;
	return kept;
}

int64_t imap_size_read(const char *lines)
{
	return number_behind(lines, "RFC822.SIZE ");
}

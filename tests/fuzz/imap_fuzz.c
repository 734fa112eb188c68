/* Fuzzes what a mailbox answers: numbers stay in their bounds, UIDs come ascending, each once, out of the range asked for,
 * and from the line that holds them. The first byte chooses the range; the text is also a folder's name. */
#include "modules/lead/pull/imap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_number(int64_t n)
{
	return n >= 0 && n <= IMAP_UID_MAX;
}

static void check_search(TALLOC_CTX *ctx, const char *lines, int64_t from, int64_t to)
{
	int64_t *uid, *again;
	size_t n = imap_search_read(ctx, lines, from, to, &uid);
	require(n <= IMAP_WINDOW);
	for (size_t i = 0; i < n; i++)
		require(uid[i] >= from && uid[i] <= to && (i == 0 || uid[i] > uid[i - 1]));
	/* Line ends part what is counted: with another line between, nothing else is found. */
	char *spread = talloc_strdup(ctx, "");
	for (const char *at = lines; *at && talloc_get_size(spread) < 64 * 1024; at++)
		spread = *at == '\n' ? talloc_strdup_append_buffer(spread, "\n*\n") : talloc_strndup_append_buffer(spread, at, 1);
	size_t n_spread = imap_search_read(ctx, spread, from, to, &again);
	require(n_spread == n && (n == 0 || memcmp(uid, again, n * sizeof *uid) == 0));
}

static void check_names(TALLOC_CTX *ctx, const char *name)
{
	const char *folder = imap_folder(ctx, name);
	require(!folder || !strpbrk(folder, "\"\\\r\n*%"));
	const char *url = folder ? imap_url(ctx, true, "h", 993, folder) + strlen("imaps://h:993/") : "";
	require(url[strspn(url, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~%")] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ImapStatus s;
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *lines = talloc_strndup(ctx, size ? (const char *)data + 1 : "", size ? size - 1 : 0);
	int64_t from = size ? data[0] : 1, to = from * 3;
	if (imap_status_read(lines, &s))
		require(s.validity > 0 && is_number(s.validity) && is_number(s.next) && is_number(s.messages));
	require(is_number(imap_size_read(lines)));
	check_search(ctx, lines, from, to);
	check_names(ctx, lines);
	talloc_free(ctx);
	return 0;
}

/* What a mailbox is told and what it answers. */
#include "modules/lead/pull/imap.h"

#include "base/check.h"

TEST(imap, writes_addresses_and_commands)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(imap_folder(ctx, "INBOX"), "INBOX");
	CHECK_TEXT(imap_folder(ctx, "询价 & co"), "&i+JO9w- &- co");
	CHECK(imap_folder(ctx, "a\"b") == NULL && imap_folder(ctx, "a\r\nb") == NULL);
	CHECK_TEXT(imap_url(ctx, true, "mail.example.com", 993, "INBOX"), "imaps://mail.example.com:993/INBOX");
	CHECK_TEXT(imap_url(ctx, false, "::1", 143, "a/b;c"), "imap://[::1]:143/a%2Fb%3Bc");
	CHECK_TEXT(imap_message_url(ctx, "imap://h:1/I", 7, 9, 100), "imap://h:1/I;UIDVALIDITY=7/;UID=9/;PARTIAL=0.100");
	CHECK_TEXT(imap_search_command(ctx, 5, 10, 0), "UID SEARCH UID 5:10");
	CHECK_TEXT(imap_search_command(ctx, 1, 2, 1795824000000), "UID SEARCH UID 1:2 SINCE 28-Nov-2026");
	talloc_free(ctx);
}

TEST(imap, reads_the_state_of_a_folder)
{
	ImapStatus s;
	CHECK(imap_status_read("* STATUS INBOX (MESSAGES 3 UIDNEXT 12 UIDVALIDITY 77)\r\nA3 OK done\r\n", &s));
	CHECK_INT(s.validity, 77);
	CHECK_INT(s.next, 12);
	CHECK_INT(s.messages, 3);
	CHECK(imap_status_read("* STATUS x (UIDVALIDITY 77)\r\n", &s) && s.next == 0);
	CHECK(!imap_status_read("A3 NO no such folder\r\n", &s));
	CHECK(!imap_status_read("* STATUS x (UIDVALIDITY 99999999999)\r\n", &s));
}

/* "5:*" answers the last message even when it is older; order and doubles are the server's affair. */
TEST(imap, reads_what_a_search_found)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	int64_t *uid;
	CHECK_INT(imap_search_read(ctx, "* SEARCH 9 7 4 7\r\n* SEARCH 12\r\nA1 OK\r\n", 5, 100, &uid), 3);
	CHECK(uid[0] == 7 && uid[1] == 9 && uid[2] == 12);
	CHECK_INT(imap_search_read(ctx, "* SEARCH\r\nA1 OK\r\n", 1, 100, &uid), 0);
	CHECK_INT(imap_search_read(ctx, "* SEARCH x 5 -3", 1, 100, &uid), 0);
	CHECK_INT(imap_search_read(ctx, "* SEARCH \r\n 2 EXISTS\r\nA1 OK", 1, 100, &uid), 0);
	CHECK_INT(imap_size_read("* 1 FETCH (UID 5 RFC822.SIZE 52428800)\r\n"), 52428800);
	CHECK_INT(imap_size_read("* 1 FETCH (UID 5)\r\n"), 0);
	talloc_free(ctx);
}

/* tests/fuzz/imap_fuzz.c */
int fuzz_imap(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_imap((const uint8_t *)row->bytes, row->len);
}

TEST(imap, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/imap", replay, NULL) > 0);
}

/* Rotation: what is kept, and what is never touched. */
#include "modules/care/backup_int.h"

#include "base/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NOON INT64_C(1790337600000) /* a day's noon in UTC */

static void put(const char *folder, const char *name, int64_t made_ms, const char *kind, const char *origin)
{
	char *path = talloc_asprintf(NULL, "%s/%s", folder, name);
	CHECK_INT(mkdir(path, 0700), 0);
	if (origin) {
		char *text = talloc_asprintf(path, "{\"format\":\"tenon-backup\",\"format_version\":1,\"kind\":\"%s\","
					     "\"engine\":\"sqlite\",\"made_ms\":%lld,\"origin\":\"%s\",\"files\":[]}", kind,
					     (long long)made_ms, origin);
		CHECK(file_write(talloc_asprintf(path, "%s/" MANIFEST, path), text));
	}
	talloc_free(path);
}

static bool is_there(const char *folder, const char *name)
{
	char *path = talloc_asprintf(NULL, "%s/%s", folder, name);
	bool there = file_exists(path);
	talloc_free(path);
	return there;
}

TEST(backup, rotation_keeps_days_and_weeks_and_what_is_not_its_own)
{
	char folder[] = "/tmp/tenon-rotate-XXXXXX";
	CHECK(mkdtemp(folder) != NULL);
	char name[32];
	for (int day = 0; day < 40; day++) {
		(void)snprintf(name, sizeof name, "day-%d", day);
		put(folder, name, NOON - day * DAY_MS, "scheduled", "ours");
	}
	put(folder, "same-day", NOON - HOUR_MS, "scheduled", "ours");
	put(folder, "manual", NOON - 39 * DAY_MS, "manual", "ours");
	put(folder, "upgrade", NOON - 39 * DAY_MS, "upgrade", "ours");
	put(folder, "other", NOON - 39 * DAY_MS, "scheduled", "of another house");
	put(folder, "pictures", 0, NULL, NULL);
	/* 40 days are some part of 6 or 7 weeks, of which the 3 newest keep their newest; 4 days keep one each. */
	int removed = backup_rotate(folder, "ours", 4, 3);
	for (int day = 0; day < 4; day++) {
		(void)snprintf(name, sizeof name, "day-%d", day);
		CHECK(is_there(folder, name));
	}
	CHECK(!is_there(folder, "same-day"));
	const char *const kept[] = {"manual", "upgrade", "other", "pictures"};
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		CHECK(is_there(folder, kept[i]));
	Backup *left;
	size_t n;
	TALLOC_CTX *ctx = talloc_new(NULL);
	backup_list(ctx, folder, &left, &n);
	CHECK_INT((int)n, 41 + 3 - removed);
	CHECK(n - 3 >= 5 && n - 3 <= 7);
	CHECK_INT(backup_rotate(folder, "ours", 4, 3), 0);
	CHECK_INT(backup_rotate(folder, "", 1, 0), 0);
	talloc_free(ctx);
	CHECK(tree_remove(folder));
}

TEST(backup, a_name_in_a_manifest_cannot_leave_the_backup)
{
	char folder[] = "/tmp/tenon-escape-XXXXXX";
	TALLOC_CTX *ctx = talloc_new(NULL);
	Said said = {0};
	CHECK(mkdtemp(folder) != NULL);
	CHECK(file_write(talloc_asprintf(ctx, "%s/" MANIFEST, folder),
			 "{\"format\":\"tenon-backup\",\"format_version\":1,\"files\":[{\"name\":\"../../etc/passwd\","
			 "\"bytes\":1,\"blake2b\":\"00\"}]}"));
	CHECK_INT(backup_compare(ctx, folder, NULL, &said), ERR_INVALID);
	CHECK(strstr(said.en, "../../etc/passwd") != NULL);
	talloc_free(ctx);
	CHECK(tree_remove(folder));
}

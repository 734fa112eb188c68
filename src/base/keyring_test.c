/* Sealing, foreign owners, changed bytes, rotation and one that was cut off. */
#include "base/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"

static char *folder_new(TALLOC_CTX *ctx)
{
	char *dir = talloc_strdup(ctx, "/tmp/tenon-keyring-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	return dir;
}

static void folder_remove(TALLOC_CTX *ctx, const char *dir)
{
	CHECK_INT(system(talloc_asprintf(ctx, "rm -rf %s", dir)), 0);
}

TEST(keyring, seals_for_one_owner)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *dir = folder_new(ctx), *error = NULL;
	Keyring *k = keyring_open(ctx, dir, &error);
	Sealed sealed;
	struct stat file;
	char *path = talloc_asprintf(ctx, "%s/secret.key", dir);
	CHECK(stat(path, &file) < 0); /* made at first use */
	CHECK(keyring_seal(k, ctx, "a", 1, "密钥 SEC123", &sealed));
	CHECK_INT(stat(path, &file), 0);
	CHECK_INT(file.st_mode & 0777, 0600);
	CHECK(memmem(sealed.bytes, sealed.len, "SEC123", 6) == NULL);
	CHECK_TEXT(keyring_unseal(k, ctx, "a", 1, &sealed), "密钥 SEC123");
	CHECK(keyring_unseal(k, ctx, "b", 1, &sealed) == NULL);
	Keyring *again = keyring_open(ctx, dir, &error);
	CHECK_TEXT(keyring_unseal(again, ctx, "a", 1, &sealed), "密钥 SEC123");
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.bytes[i] ^= 1;
		CHECK(keyring_unseal(k, ctx, "a", 1, &sealed) == NULL);
		sealed.bytes[i] ^= 1;
	}
	for (size_t len = sealed.len; len-- > 0;)
		CHECK(keyring_unseal(k, ctx, "a", 1, &(Sealed){sealed.bytes, len}) == NULL);
	folder_remove(ctx, dir);
	talloc_free(ctx);
}

TEST(keyring, rotates_and_goes_on_after_a_cut)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *dir = folder_new(ctx), *error = NULL;
	Keyring *k = keyring_open(ctx, dir, &error);
	Sealed old, new;
	CHECK(keyring_seal(k, ctx, "a", 1, "old", &old));
	CHECK(keyring_rotate_begin(k));
	k = keyring_open(ctx, dir, &error); /* killed in the middle, and begun again */
	CHECK(keyring_rotate_begin(k));
	CHECK(!keyring_is_newest(k, &old));
	CHECK_TEXT(keyring_unseal(k, ctx, "a", 1, &old), "old");
	CHECK(keyring_seal(k, ctx, "a", 1, "new", &new));
	CHECK(keyring_is_newest(k, &new));
	CHECK(keyring_rotate_end(k));
	CHECK(keyring_unseal(k, ctx, "a", 1, &old) == NULL);
	k = keyring_open(ctx, dir, &error);
	CHECK_TEXT(keyring_unseal(k, ctx, "a", 1, &new), "new");
	CHECK(keyring_unseal(k, ctx, "a", 1, &old) == NULL);
	folder_remove(ctx, dir);
	talloc_free(ctx);
}

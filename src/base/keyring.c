/* The key file is a line a key, "ID KEY" in hexadecimal, oldest first. It is replaced as a whole by renaming, so that
 * a crash leaves the old or the new one. */
#include "base/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#define KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_ID_SIZE 4
#define HEAD_SIZE (1 + KEY_ID_SIZE + NONCE_SIZE)
#define FORMAT 1
#define LINE_SIZE (KEY_ID_SIZE * 2 + 1 + KEY_SIZE * 2 + 1)

typedef struct {
	uint8_t id[KEY_ID_SIZE], key[KEY_SIZE];
} Key;

struct Keyring {
	pthread_mutex_t lock;
	char *dir, *path;
	Key keys[KEYRING_KEYS_MAX];
	int n;
};

static int keyring_free(Keyring *k)
{
	sodium_memzero(k->keys, sizeof k->keys);
	pthread_mutex_destroy(&k->lock);
	return 0;
}

/* ---- the file ---- */

static bool key_parse(const char *line, Key *ret)
{
	size_t id = 0, key = 0;
	return strlen(line) >= LINE_SIZE - 1 && line[KEY_ID_SIZE * 2] == ' ' &&
	       sodium_hex2bin(ret->id, KEY_ID_SIZE, line, KEY_ID_SIZE * 2, NULL, &id, NULL) == 0 &&
	       sodium_hex2bin(ret->key, KEY_SIZE, line + KEY_ID_SIZE * 2 + 1, KEY_SIZE * 2, NULL, &key, NULL) == 0 &&
	       id == KEY_ID_SIZE && key == KEY_SIZE;
}

static bool file_read(Keyring *k, FILE *file)
{
	char line[LINE_SIZE + 16];
	bool good = true;
	while (good && fgets(line, sizeof line, file))
		good = k->n < KEYRING_KEYS_MAX && key_parse(line, &k->keys[k->n++]);
	sodium_memzero(line, sizeof line);
	return good && k->n > 0;
}

static bool folder_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

static bool keys_write(int fd, const Key *keys, int n)
{
	char line[LINE_SIZE + 1];
	bool good = true;
	for (int i = 0; good && i < n; i++) {
		sodium_bin2hex(line, KEY_ID_SIZE * 2 + 1, keys[i].id, KEY_ID_SIZE);
		line[KEY_ID_SIZE * 2] = ' ';
		sodium_bin2hex(line + KEY_ID_SIZE * 2 + 1, KEY_SIZE * 2 + 1, keys[i].key, KEY_SIZE);
		line[LINE_SIZE - 1] = '\n';
		good = write(fd, line, LINE_SIZE) == (ssize_t)LINE_SIZE;
	}
	sodium_memzero(line, sizeof line);
	return good;
}

static bool file_write(const Keyring *k, const Key *keys, int n)
{
	char *fresh = talloc_asprintf(NULL, "%s.new", k->path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd >= 0 && fchmod(fd, 0600) == 0 && keys_write(fd, keys, n) && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	good = good && rename(fresh, k->path) == 0 && folder_sync(k->dir);
	talloc_free(fresh);
	return good;
}

Keyring *keyring_open(TALLOC_CTX *ctx, const char *dir, char **ret_error)
{
	Keyring *k = talloc_zero(ctx, Keyring);
	pthread_mutex_init(&k->lock, NULL);
	talloc_set_destructor(k, keyring_free);
	k->dir = talloc_strdup(k, dir);
	k->path = talloc_asprintf(k, "%s/secret.key", dir);
	FILE *file = fopen(k->path, "re");
	bool good = file ? file_read(k, file) : errno == ENOENT;
	if (file)
		fclose(file);
	if (good)
		return k;
	*ret_error = talloc_asprintf(ctx, "The key file %s cannot be read. Restore it from a backup, or move it away and "
	                                  "enter the secrets of channels and callbacks again.", k->path);
	talloc_free(k);
	return NULL;
}

/* ---- keys ---- */

static bool key_add(Keyring *k)
{
	Key keys[KEYRING_KEYS_MAX];
	if (k->n == KEYRING_KEYS_MAX)
		return false;
	memcpy(keys, k->keys, sizeof keys);
	randombytes_buf(&keys[k->n], sizeof keys[k->n]);
	bool good = file_write(k, keys, k->n + 1);
	if (good) {
		k->keys[k->n] = keys[k->n];
		k->n++;
	}
	sodium_memzero(keys, sizeof keys);
	return good;
}

static bool newest_key(Keyring *k, Key *ret)
{
	pthread_mutex_lock(&k->lock);
	bool good = k->n > 0 || key_add(k);
	if (good)
		*ret = k->keys[k->n - 1];
	pthread_mutex_unlock(&k->lock);
	return good;
}

static bool key_find(Keyring *k, const uint8_t *id, Key *ret)
{
	bool found = false;
	pthread_mutex_lock(&k->lock);
	for (int i = k->n - 1; i >= 0 && !found; i--) {
		found = memcmp(k->keys[i].id, id, KEY_ID_SIZE) == 0;
		if (found)
			*ret = k->keys[i];
	}
	pthread_mutex_unlock(&k->lock);
	return found;
}

/* ---- sealing ---- */

bool keyring_seal(Keyring *k, TALLOC_CTX *ctx, const void *owner, size_t owner_len, const char *text, Sealed *ret)
{
	Key key;
	size_t len = strlen(text);
	unsigned long long cipher_len = 0;
	if (len > KEYRING_TEXT_MAX || !newest_key(k, &key))
		return false;
	uint8_t *out = talloc_size(ctx, HEAD_SIZE + len + TAG_SIZE);
	out[0] = FORMAT;
	memcpy(out + 1, key.id, KEY_ID_SIZE);
	uint8_t *nonce = out + 1 + KEY_ID_SIZE;
	randombytes_buf(nonce, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + HEAD_SIZE, &cipher_len, (const uint8_t *)text, len, owner,
	                                           owner_len, NULL, nonce, key.key);
	sodium_memzero(&key, sizeof key);
	*ret = (Sealed){out, HEAD_SIZE + (size_t)cipher_len};
	return true;
}

char *keyring_unseal(Keyring *k, TALLOC_CTX *ctx, const void *owner, size_t owner_len, const Sealed *sealed)
{
	Key key;
	unsigned long long len = 0;
	if (sealed->len < HEAD_SIZE + TAG_SIZE || sealed->bytes[0] != FORMAT || !key_find(k, sealed->bytes + 1, &key))
		return NULL;
	char *text = talloc_size(ctx, sealed->len - HEAD_SIZE - TAG_SIZE + 1);
	int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
		(uint8_t *)text, &len, NULL, sealed->bytes + HEAD_SIZE, sealed->len - HEAD_SIZE, owner, owner_len,
		sealed->bytes + 1 + KEY_ID_SIZE, key.key);
	sodium_memzero(&key, sizeof key);
	if (failed) {
		talloc_free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

bool keyring_is_newest(Keyring *k, const Sealed *sealed)
{
	pthread_mutex_lock(&k->lock);
	bool newest = k->n > 0 && sealed->len > KEY_ID_SIZE &&
	              memcmp(k->keys[k->n - 1].id, sealed->bytes + 1, KEY_ID_SIZE) == 0;
	pthread_mutex_unlock(&k->lock);
	return newest;
}

bool keyring_rotate_begin(Keyring *k)
{
	pthread_mutex_lock(&k->lock);
	bool good = k->n > 1 || key_add(k);
	pthread_mutex_unlock(&k->lock);
	return good;
}

bool keyring_rotate_end(Keyring *k)
{
	pthread_mutex_lock(&k->lock);
	bool good = k->n <= 1 || file_write(k, &k->keys[k->n - 1], 1);
	if (good && k->n > 1) {
		k->keys[0] = k->keys[k->n - 1];
		sodium_memzero(&k->keys[1], sizeof k->keys - sizeof k->keys[0]);
		k->n = 1;
	}
	pthread_mutex_unlock(&k->lock);
	return good;
}

/* Secrets at rest: XChaCha20-Poly1305 under keys kept in the file DIR/secret.key (mode 0600), made when the first
 * secret is sealed. Each sealed text names its key, so that keys can be changed while both are known:
 * keyring_rotate_begin adds a key, the owner of the secrets seals them again, keyring_rotate_end forgets the old one.
 * A rotation that was cut off is simply begun again. Safe from any thread. */
#pragma once

#include "base/base.h"

#define KEYRING_KEYS_MAX 8
#define KEYRING_TEXT_MAX (64 * 1024)
#define KEYRING_OVERHEAD (1 + 4 + 24 + 16) /* version, key id, nonce, tag */

typedef struct Keyring Keyring;

typedef struct {
	uint8_t *bytes;
	size_t len;
} Sealed;

/* Reads the key file if there is one. NULL and a sentence in *ret_error if it cannot be understood. */
Keyring *keyring_open(TALLOC_CTX *ctx, const char *dir, char **ret_error);
/* Seals text for one owner: what is sealed for one cannot be opened as another's. False when the key file cannot be
 * written. */
NODISCARD bool keyring_seal(Keyring *k, TALLOC_CTX *ctx, const void *owner, size_t owner_len, const char *text,
	Sealed *ret);
/* The text; NULL when the key is not there or the bytes were changed. */
char *keyring_unseal(Keyring *k, TALLOC_CTX *ctx, const void *owner, size_t owner_len, const Sealed *sealed);
/* It was sealed with the newest key. */
bool keyring_is_newest(Keyring *k, const Sealed *sealed);

/* Adds a new key, unless a rotation that was begun has not ended. */
NODISCARD bool keyring_rotate_begin(Keyring *k);
/* Forgets all keys but the newest. */
NODISCARD bool keyring_rotate_end(Keyring *k);

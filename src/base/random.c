/* Random bytes straight from the kernel. Without them nothing secret can be made, so failing to get them ends the
 * process. */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <sys/random.h>

void random_bytes(void *out, size_t len)
{
	uint8_t *p = out;
	while (len > 0) {
		ssize_t got = getrandom(p, len, 0);
		assert(got > 0 || errno == EINTR);
		if (got <= 0)
			continue;
		p += got;
		len -= (size_t)got;
	}
}

uint64_t random_u64(void)
{
	uint64_t word;
	random_bytes(&word, sizeof(word));
	return word;
}

void random_token(char out[static 44])
{
	uint8_t secret[32];
	random_bytes(secret, sizeof(secret));
	(void)sodium_bin2base64(out, 44, secret, sizeof(secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(secret, sizeof(secret));
}

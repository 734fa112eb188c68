/* A text as the modules of a QR code: libqrencode chooses version and mask, this turns its bytes into '0' and '1'.
 * Knows nothing of what the text means. */
#include "modules/lead/release/square.h"

#include <qrencode.h>

bool square_make(TALLOC_CTX *ctx, const char *text, int *ret_size, char **ret_bits)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (!code)
		return false;
	size_t n = (size_t)code->width * (size_t)code->width;
	char *bits = talloc_zero_array(ctx, char, n + 1);
	for (size_t i = 0; i < n; i++)
		bits[i] = code->data[i] & 1 ? '1' : '0'; /* the lowest bit is the colour, the others how it came about */
	*ret_size = code->width;
	*ret_bits = bits;
	QRcode_free(code);
	return true;
}

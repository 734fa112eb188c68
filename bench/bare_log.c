/* The bare program beside the log of receipts: appends the same bytes in the same batches to a file and syncs once a
 * batch, with nothing else to do. Prints one line of JSON.
 *
 * Usage: bare_log FILE RECORD_BYTES BATCH SECONDS */
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYNCS_MAX 4000000

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: bare_log FILE RECORD_BYTES BATCH SECONDS\n");
		return 2;
	}
	size_t bytes = strtoul(argv[2], NULL, 10) * strtoul(argv[3], NULL, 10), syncs = 0, slow = 0;
	int file = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0640);
	char *batch = talloc_zero_array(NULL, char, bytes);
	uint32_t *us = talloc_array(NULL, uint32_t, SYNCS_MAX);
	int64_t start = clock_monotonic_us(), until = start + strtol(argv[4], NULL, 10) * INT64_C(1000000), now = start;
	memset(batch, 'r', bytes);
	while (now < until && syncs < SYNCS_MAX) {
		if (write(file, batch, bytes) != (ssize_t)bytes || fdatasync(file) < 0) {
			perror(argv[1]);
			return 1;
		}
		int64_t then = clock_monotonic_us();
		us[syncs++] = (uint32_t)(then - now);
		now = then;
	}
	close(file);
	unlink(argv[1]);
	qsort(us, syncs, sizeof *us, compare);
	for (size_t i = syncs; i > 0 && us[i - 1] > 10000; i--)
		slow++;
	printf("{\"rate\": %.0f, \"syncs\": %zu, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u, \"over_10ms\": %zu}\n",
		(double)syncs * strtod(argv[3], NULL) / ((double)(now - start) / 1e6), syncs, us[syncs / 2], us[syncs * 99 / 100],
		us[syncs - 1], slow);
	return 0;
}

/* The test clock survives a restart, also a kill: it is written whenever it was moved. */
#include "api/clock_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool clock_file_open(TALLOC_CTX *ctx, Clock *clock, const char *dir, char **ret_error)
{
	char *path = talloc_asprintf(ctx, "%s/test-clock", dir);
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT;
	int64_t offset = 0;
	bool read = fscanf(file, "%" SCNd64, &offset) == 1;
	fclose(file);
	if (!read) {
		*ret_error =
			talloc_asprintf(ctx, "%s holds no offset in milliseconds. Remove it to start at the present.", path);
		return false;
	}
	clock->offset_ms = offset;
	return true;
}

void clock_file_save(const Clock *clock, const char *dir)
{
	char *path = talloc_asprintf(NULL, "%s/test-clock", dir);
	FILE *file = fopen(path, "we");
	if (file) {
		fprintf(file, "%" PRId64 "\n", (int64_t)clock->offset_ms);
		fclose(file);
	}
	talloc_free(path);
}

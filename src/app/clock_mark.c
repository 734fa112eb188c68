/* The mark is one line of fixed width, written in place: at any moment the file holds a whole one. It is not synced:
 * after a power failure the mark may be half a minute old. */
#include "app/clock_mark.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "call/when.h"

#define BEHIND_MS (10 * SECOND_MS) /* less is the usual drift */
#define LINE_SIZE 21               /* 20 digits and the line end */
#define MARK_MAX (INT64_MAX / 1000000 / 2) /* the year 2116: beyond it somebody wrote nonsense into the file */

static const char *mark_path(TALLOC_CTX *ctx, const char *dir)
{
	return talloc_asprintf(ctx, "%s/clock", dir);
}

static bool mark_read(const char *path, int64_t *ret_ms)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool read = fscanf(file, "%" SCNd64, ret_ms) == 1 && *ret_ms > 0 && *ret_ms < MARK_MAX;
	fclose(file);
	return read;
}

void clock_mark_load(Clock *clock, const char *dir)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *path = mark_path(ctx, dir);
	int64_t mark_ms, real_ms = clock_real_ms();
	char real[WHEN_TEXT_SIZE], mark[WHEN_TEXT_SIZE];
	bool behind = mark_read(path, &mark_ms) && real_ms < mark_ms;
	if (behind)
		clock_start_at(clock, mark_ms + CLOCK_MARK_S * SECOND_MS); /* what a crash may have cut off */
	if (behind && real_ms < mark_ms - BEHIND_MS)
		log_warn("app",
		         "the system clock says %s, but this house had come to %s and goes on from there. If the system "
		         "clock is right and was wrong before: stop, remove %s, start again",
		         when_text(real_ms, real), when_text(mark_ms, mark), path);
	talloc_free(ctx);
}

void clock_mark_keep(Clock *clock, const char *dir)
{
	char line[LINE_SIZE + 1];
	TALLOC_CTX *ctx = talloc_new(NULL);
	int file = open(mark_path(ctx, dir), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	snprintf(line, sizeof line, "%020" PRId64 "\n", clock_steady_ms(clock));
	if (file >= 0) {
		(void)!pwrite(file, line, LINE_SIZE, 0);
		close(file);
	}
	talloc_free(ctx);
}

/* A wall clock that a test can set without touching the machine's: preloaded into a server, it shifts what the system tells as
 * real time by the milliseconds that stand in the file named by TENON_WALL_CLOCK. Monotonic time stays what it is. Built and
 * used by test_clock_back.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int (*GetTime)(clockid_t, struct timespec *);

static const volatile int64_t *offset_ms;
static GetTime system_gettime;

__attribute__((constructor)) static void wall_clock_open(void)
{
	const char *path = getenv("TENON_WALL_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *shared = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset_ms, PROT_READ, MAP_SHARED, file, 0);
	system_gettime = (GetTime)dlsym(RTLD_NEXT, "clock_gettime");
	if (shared == MAP_FAILED || !system_gettime)
		abort();
	close(file);
	offset_ms = shared;
}

int clock_gettime(clockid_t which, struct timespec *ret)
{
	int r = system_gettime ? system_gettime(which, ret) : -1;
	if (r < 0 || !offset_ms || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE))
		return r;
	int64_t ms = *offset_ms, ns = ret->tv_nsec + ms % 1000 * 1000000;
	ret->tv_sec += ms / 1000 + (ns >= 1000000000) - (ns < 0);
	ret->tv_nsec = (ns + 1000000000) % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	*ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

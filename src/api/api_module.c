/* The card of the API itself: its description, and the test clock. */
#include <stdlib.h>
#include <string.h>

#include "api/clock_file.h"
#include "api/idempotency.h"
#include "api/openapi.h"
#include "call/when.h"
#include "event/timer.h"

static int api_describe(Call *c)
{
	openapi_write(c, &c->json);
	return 0;
}

/* "2h", "90s", "5m", "1d" */
static bool duration_parse(const char *text, int64_t *ret_ms)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	int64_t unit = strcmp(end, "s") == 0    ? SECOND_MS
	               : strcmp(end, "m") == 0  ? MINUTE_MS
	               : strcmp(end, "h") == 0  ? HOUR_MS
	               : strcmp(end, "d") == 0  ? DAY_MS
	               : strcmp(end, "ms") == 0 ? 1
	                                        : 0;
	if (end == text || unit == 0 || n < 0 || n > 400 * DAY_MS / unit)
		return false;
	*ret_ms = n * unit;
	return true;
}

static int clock_answer(Call *c)
{
	char now[WHEN_TEXT_SIZE];
	json_object_begin(&c->json);
	json_member_text(&c->json, "now", when_text(clock_now_ms(c->house->clock), now));
	json_object_end(&c->json);
	return 0;
}

static int clock_absent(Call *c)
{
	return call_fail(c, ERR_NOT_FOUND, "no_such_path", "The server was started without --test-clock.",
	                 "服务器启动时没有打开测试时钟（--test-clock）。");
}

static int test_clock_read(Call *c)
{
	return c->house->test_clock ? clock_answer(c) : clock_absent(c);
}

static void clock_moved(House *house)
{
	for (const Module *const *m = house->modules; m && *m; m++)
		if ((*m)->clock_moved)
			(*m)->clock_moved(house);
}

static int test_clock_move(Call *c)
{
	if (!c->house->test_clock)
		return clock_absent(c);
	const char *advance = call_text(c, "advance");
	int64_t to = call_int(c, "to", 0), by = 0;
	if (advance && !duration_parse(advance, &by))
		return call_fault(c, "advance", "duration", "Write a duration such as 2h, 5m or 30s.",
		                  "请填写时长，例如 2h、5m 或 30s。");
	if (advance)
		to = clock_now_ms(c->house->clock) + by;
	if (to < clock_now_ms(c->house->clock) - SECOND_MS)
		return call_fail(c, ERR_INVALID, "clock_backwards", "The clock only goes forward.", "时钟只能向前拨。");
	int r = timers_advance(c->house->timers, to);
	clock_file_save(c->house->clock, c->house->data_dir);
	if (r < 0)
		return r;
	clock_moved(c->house);
	return clock_answer(c);
}

static const Param clock_params[] = {
	{"advance", PARAM_TEXT, .max = 20, .help = "How far to move: 2h, 5m, 30s, 1d"},
	{"to", PARAM_TIME, .help = "The moment to move to"},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/openapi.json", "public", CALL_READ, NULL, api_describe, "This description"},
	{"GET", "/test/clock", "system.manage", CALL_WORKER, NULL, test_clock_read, "Business time of a test server"},
	{"POST", "/test/clock", "system.manage", CALL_WORKER, clock_params, test_clock_move,
     "Move the business time of a test server"},
	{0},
};

const Module api_module = {.name = "api", .endpoints = endpoints, .migrations = idempotency_migrations};

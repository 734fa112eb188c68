/* The duplicate index over a million synthetic companies: time to build and to load, memory, time of a look-up. Names
 * are composed from region, brand, trade and legal form with a fixed seed; half of the look-ups ask for a known name
 * with one character changed, a quarter for a known one as it is, a quarter for an unknown one. A look-up is timed by
 * the wall clock and by the thread's processor time, which leaves out what others took. Usage: match_bench [records]
 * [look-ups] */
#include "match/match.h"

#include "base/clock.h"
#include "bench/company.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static int compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t *ns, size_t count)
{
	qsort(ns, count, sizeof(*ns), compare_ns);
	printf("%-28s p50 %8.2f us  p90 %8.2f us  p99 %8.2f us  p99.9 %8.2f us  max %8.2f us\n", what,
		(double)ns[count / 2] / 1e3, (double)ns[count * 9 / 10] / 1e3, (double)ns[count * 99 / 100] / 1e3,
		(double)ns[count * 999 / 1000] / 1e3, (double)ns[count - 1] / 1e3);
}

static long resident_kb(void)
{
	long pages = 0, ignored = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld %ld", &ignored, &pages) != 2)
		pages = 0;
	fclose(file);
	return pages * 4;
}

static void build(MatchIndex *index, size_t records, int64_t *ns)
{
	char name[COMPANY_NAME_MAX], phone[32];
	Dice dice = {COMPANY_SEED};
	for (size_t i = 0; i < records; i++) {
		company_write(&dice, name);
		snprintf(phone, sizeof(phone), "+8613%09zu", i);
		MatchKeys keys = {
			.object = MATCH_LEAD, .id = id_new((int64_t)i), .open = true, .phone = phone, .company = name};
		int64_t start = now_ns();
		match_put(index, &keys);
		ns[i] = now_ns() - start;
	}
}

/* The same records as at the start of the server. */
static void load(TALLOC_CTX *ctx, size_t records)
{
	char name[COMPANY_NAME_MAX], phone[32];
	Dice dice = {COMPANY_SEED};
	MatchIndex *index = match_new(ctx);
	int64_t start = now_ns(), process = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	MatchLoad *loading = match_load_begin(index);
	for (size_t i = 0; i < records; i++) {
		company_write(&dice, name);
		snprintf(phone, sizeof(phone), "+8613%09zu", i);
		MatchKeys keys = {
			.object = MATCH_LEAD, .id = id_new((int64_t)i), .open = true, .phone = phone, .company = name};
		match_load_put(loading, &keys);
	}
	match_load_end(loading);
	printf("%zu records loaded in %.2f s, %.2f s of processor time\n", match_size(index), (double)(now_ns() - start) / 1e9,
		(double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - process) / 1e9);
	talloc_free(index);
}

/* The names of build() again, from the same seed; every step-th is asked for. */
static void search(const MatchIndex *index, size_t records, size_t lookups, int64_t *ns, int64_t *cpu_ns)
{
	char name[COMPANY_NAME_MAX], phone[32];
	MatchHit hits[20];
	Dice dice = {COMPANY_SEED};
	size_t step = records / lookups > 0 ? records / lookups : 1, done = 0, found = 0, known = 0;
	for (size_t i = 0; i < records && done < lookups; i++) {
		company_write(&dice, name);
		if (i % step != 0)
			continue;
		Dice saved = dice;
		if (done % 4 == 3)
			company_write(&dice, name);
		else if (done % 4 != 0)
			company_spoil(&dice, name);
		dice = done % 4 == 3 ? saved : dice;
		snprintf(phone, sizeof(phone), "+8615%09zu", i);
		MatchKeys keys = {.object = MATCH_LEAD, .phone = phone, .company = name};
		int64_t start = now_ns(), own = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		int count = match_find(index, &keys, true, hits, ARRAY_LEN(hits));
		cpu_ns[done] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - own;
		ns[done++] = now_ns() - start;
		found += done % 4 != 0 && count > 0;
		known += done % 4 != 0;
	}
	print_times("match_find, phone and name", ns, done);
	print_times("  processor time of it", cpu_ns, done);
	printf("known names with a match: %zu of %zu (a short name with a changed character is no match)\n", found, known);
}

static void admission(size_t rounds)
{
	static const char *const phones[] = {
		"138 1234 5678", "(021) 6888 8888-801", "+1 415 555 2671", "手机：13912345678（微信同号）"};
	char name[COMPANY_NAME_MAX];
	Dice dice = {COMPANY_SEED};
	CompanyName company;
	Region region;
	Phone phone;
	size_t ok = 0;
	int64_t start = now_ns();
	for (size_t i = 0; i < rounds; i++)
		ok += phone_parse(phones[i % ARRAY_LEN(phones)], &phone);
	printf("%-28s %8.2f us\n", "phone_parse", (double)(now_ns() - start) / 1e3 / (double)rounds);
	start = now_ns();
	for (size_t i = 0; i < rounds; i++)
		ok += region_find("广东", i % 2 ? "深圳" : "广州市", i % 3 ? "南山区" : NULL, &region);
	printf("%-28s %8.2f us\n", "region_find", (double)(now_ns() - start) / 1e3 / (double)rounds);
	int64_t spent = 0;
	for (size_t i = 0; i < rounds; i++) {
		company_write(&dice, name);
		start = now_ns();
		company_parse(name, &company);
		spent += now_ns() - start;
		ok += company.core[0] != '\0';
	}
	printf("%-28s %8.2f us  (%zu of %zu understood)\n", "company_parse", (double)spent / 1e3 / (double)rounds, ok,
		3 * rounds);
}

int main(int argc, char **argv)
{
	size_t records = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000,
		   lookups = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	TALLOC_CTX *ctx = talloc_new(NULL);
	int64_t *ns = talloc_array(ctx, int64_t, records > 2 * lookups ? records : 2 * lookups);
	MatchIndex *index = match_new(ctx);
	if (ns == NULL || index == NULL || records == 0 || lookups == 0)
		return 1;
	memset(ns, 0, talloc_get_size(ns));
	size_t empty = match_memory(index);
	long before_kb = resident_kb();
	int64_t start = now_ns();
	build(index, records, ns);
	printf("%zu records in %.2f s; an empty index %zu bytes; now %.1f MB set aside, %.1f MB resident\n",
		match_size(index), (double)(now_ns() - start) / 1e9, empty, (double)match_memory(index) / 1e6,
		(double)(resident_kb() - before_kb) / 1e3);
	print_times("match_put", ns, records);
	search(index, records, lookups, ns, ns + lookups);
	load(ctx, records);
	admission(200000);
	talloc_free(ctx);
	return 0;
}

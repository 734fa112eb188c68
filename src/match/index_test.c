#include "match/index.h"

#include "base/check.h"
#include "match/match.h"
#include "match/match_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static Id id_of(uint32_t n)
{
	Id id = {{0}};
	memcpy(id.byte, &n, sizeof(n));
	id.byte[15] = 1;
	return id;
}

static MatchKeys lead(uint32_t n, const char *phone, const char *email, const char *company)
{
	return (MatchKeys){
		.object = MATCH_LEAD, .id = id_of(n), .open = true, .phone = phone, .email = email, .company = company};
}

static void put_lead(MatchIndex *index, uint32_t n, const char *phone, const char *email, const char *company)
{
	MatchKeys keys = lead(n, phone, email, company);
	match_put(index, &keys);
}

TEST(index, weights_add_up)
{
	MatchIndex *index = match_new(NULL);
	MatchHit hits[10];
	put_lead(index, 1, "+8613812341234", "a@acme.cn", "上海恒力石化新材料有限公司");
	put_lead(index, 2, "+8613900000000", "b@acme.cn", NULL);
	MatchKeys account = {
		.object = MATCH_ACCOUNT, .id = id_of(1), .code = "914403001922038216", .company = "恒力石华新材料"};
	match_put(index, &account);
	CHECK_INT(match_size(index), 3);

	MatchKeys keys = lead(9, "+8613812341234", "a@acme.cn", "恒力石化新材料");
	keys.code = "914403001922038216";
	CHECK_INT(match_find(index, &keys, true, hits, 10), 3);
	CHECK_INT(hits[0].kinds, MATCH_PHONE | MATCH_EMAIL | MATCH_DOMAIN | MATCH_NAME);
	CHECK_INT(hits[0].weight, 60 + 60 + 30 + 40);
	CHECK(hits[0].open && id_equal(hits[0].id, id_of(1)) && hits[0].object == MATCH_LEAD);
	CHECK_INT(hits[1].object, MATCH_ACCOUNT);
	CHECK_INT(hits[1].kinds, MATCH_CODE | MATCH_NAME);
	CHECK_INT(hits[1].weight, 80 + 34); /* 40 x 6/7 */
	CHECK_INT(hits[2].kinds, MATCH_DOMAIN);
	CHECK_INT(hits[2].weight, 30);
	CHECK_INT(match_find(index, &keys, true, hits, 2), 2);

	CHECK_INT(match_find(index, &keys, false, hits, 10), 3);
	CHECK_INT(hits[0].kinds, MATCH_PHONE | MATCH_EMAIL | MATCH_DOMAIN);
	talloc_free(index);
}

TEST(index, public_domains_and_placeholders_match_nothing)
{
	MatchIndex *index = match_new(NULL);
	MatchHit hits[4];
	put_lead(index, 1, NULL, "a@qq.com", "个人");
	MatchKeys keys = lead(2, NULL, "b@qq.com", "个人");
	CHECK_INT(match_find(index, &keys, true, hits, 4), 0);
	keys = lead(2, "", "", "");
	CHECK_INT(match_find(index, &keys, true, hits, 4), 0);
	talloc_free(index);
}

TEST(index, put_replaces_and_remove_forgets)
{
	MatchIndex *index = match_new(NULL);
	MatchHit hits[4];
	put_lead(index, 1, "+8613812341234", NULL, "恒力石化新材料");
	put_lead(index, 1, "+8613999999999", NULL, "恒力石化新能源");
	CHECK_INT(match_size(index), 1);
	MatchKeys keys = lead(2, "+8613812341234", NULL, NULL);
	CHECK_INT(match_find(index, &keys, true, hits, 4), 0);
	keys = lead(1, "+8613999999999", NULL, "恒力石化新能源"); /* itself */
	CHECK_INT(match_find(index, &keys, true, hits, 4), 0);
	keys.id = id_of(2);
	CHECK_INT(match_find(index, &keys, true, hits, 4), 1);
	match_remove(index, MATCH_ACCOUNT, id_of(1)); /* another object: nothing */
	CHECK_INT(match_size(index), 1);
	match_remove(index, MATCH_LEAD, id_of(1));
	match_remove(index, MATCH_LEAD, id_of(1));
	CHECK_INT(match_size(index), 0);
	CHECK_INT(match_find(index, &keys, true, hits, 4), 0);
	talloc_free(index);
}

/* A phone typed into thousands of leads: the open one and the account are still found. */
TEST(index, crowded_keys_show_open_records_and_each_object)
{
	MatchIndex *index = match_new(NULL);
	MatchHit hits[100];
	MatchKeys keys = {.object = MATCH_LEAD, .phone = "+8613800000000"};
	for (uint32_t i = 1; i <= 3000; i++) {
		keys.id = id_of(i);
		keys.open = i == 1500;
		match_put(index, &keys);
	}
	keys.object = MATCH_ACCOUNT;
	match_put(index, &keys);
	MatchKeys asked = lead(9999, keys.phone, NULL, NULL);
	int count = match_find(index, &asked, false, hits, 100), accounts = 0;
	CHECK_INT(count, MATCH_SAME_KEY_MAX + 1);
	CHECK(hits[0].open && id_equal(hits[0].id, id_of(1500)));
	for (int i = 0; i < count; i++)
		accounts += hits[i].object == MATCH_ACCOUNT;
	CHECK_INT(accounts, 1);
	for (uint32_t i = 1; i <= 3000; i += 2) /* unlink first, middle and last of the ring */
		match_remove(index, MATCH_LEAD, id_of(i));
	CHECK_INT(match_find(index, &asked, false, hits, 100), MATCH_SAME_KEY_MAX + 1);
	talloc_free(index);
}

TEST(index, starts_tiny)
{
	MatchIndex *index = match_new(NULL);
	CHECK(match_memory(index) < 64 * 1024);
	talloc_free(index);
}

/* --- similar names against brute force --- */

static uint32_t hold(NameIndex *names, const char *core)
{
	NameReady ready;
	names_ready(names, core, &ready);
	return names_hold(names, &ready);
}

static int find(const NameIndex *names, const char *core, NameHit hits[static NAME_HITS_MAX])
{
	NameReady ready;
	names_ready(names, core, &ready);
	return names_find(names, &ready, hits);
}

#define NAMES 1500
#define ALPHABET 24 /* few characters: many names are near each other, and grams repeat */

/* Han, Latin, or both: their lists are not the same. */
static uint32_t random_char(GRand *r, int script)
{
	uint32_t c = (uint32_t)(g_rand_int_range(r, 0, ALPHABET) * g_rand_int_range(r, 0, ALPHABET) / ALPHABET);
	return script == 0 || (script == 2 && g_rand_int_range(r, 0, 4) == 0) ? 0x4e00 + c : 'a' + c;
}

static void random_core(GRand *r, char *out, int len)
{
	uint32_t chars[DISTANCE_MAX];
	int script = g_rand_int_range(r, 0, 3);
	for (int i = 0; i < len; i++)
		chars[i] = random_char(r, script);
	fold_write(chars, (size_t)len, out, 256);
}

/* One to three random edits of a core. */
static void spoil_core(GRand *r, const char *core, char *out)
{
	uint32_t chars[DISTANCE_MAX + 4];
	size_t count = fold_read(core, strlen(core), chars);
	for (int edits = g_rand_int_range(r, 0, 4); edits > 0 && count > 1; edits--) {
		size_t at = (size_t)g_rand_int_range(r, 0, (int)count);
		uint32_t c = random_char(r, g_rand_int_range(r, 0, 2));
		int kind = g_rand_int_range(r, 0, 3);
		if (kind == 0) {
			chars[at] = c;
		} else if (kind == 1 && count < 80) {
			memmove(chars + at + 1, chars + at, (count - at) * sizeof(*chars));
			chars[at] = c;
			count++;
		} else {
			memmove(chars + at, chars + at + 1, (count - at - 1) * sizeof(*chars));
			count--;
		}
	}
	fold_write(chars, count, out, 256);
}

static size_t near_by_force(char (*cores)[256], const uint32_t *numbers, const char *core, bool *is_near)
{
	CompanyName a, b;
	size_t count = 0;
	snprintf(a.core, sizeof(a.core), "%s", core);
	for (int i = 0; i < NAMES; i++) {
		snprintf(b.core, sizeof(b.core), "%s", cores[i]);
		is_near[i] = numbers[i] != 0 && company_similarity(&a, &b) + 1e-9 >= MATCH_SIMILARITY_MIN;
		bool is_first = is_near[i];
		for (int j = 0; j < i && is_first; j++)
			is_first = numbers[j] == 0 || numbers[j] != numbers[i];
		count += is_first;
	}
	return count;
}

static void check_search(
	NameIndex *names, char (*cores)[256], const uint32_t *numbers, const char *core, int *ret_pairs)
{
	static bool is_near[NAMES];
	NameHit hits[NAME_HITS_MAX];
	size_t expected = near_by_force(cores, numbers, core, is_near);
	int count = find(names, core, hits);
	CHECK_INT(count, expected < NAME_HITS_MAX ? expected : NAME_HITS_MAX);
	*ret_pairs += count;
	for (int i = 0; i < count; i++) {
		bool is_known = false;
		for (int j = 0; j < NAMES; j++)
			is_known |= numbers[j] == hits[i].name && is_near[j];
		CHECK(is_known);
	}
}

/* Whatever has been added, removed and swept: exactly the names within the threshold are found, of every length. */
TEST(names, misses_nothing_and_invents_nothing)
{
	static char cores[NAMES][256];
	static uint32_t numbers[NAMES];
	static const int lengths[] = {2, 4, 5, 6, 6, 7, 7, 8, 9, 11, 13, 14, 15, 16, 17, 20, 24, 33, 70, 85};
	TALLOC_CTX *ctx = talloc_new(NULL);
	GRand *r = g_rand_new_with_seed(11);
	NameIndex *names = names_new(ctx, 42);
	int pairs = 0;
	char asked[256];
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NAMES; i++) {
			if (numbers[i] != 0 && g_rand_int_range(r, 0, 3) > 0)
				continue;
			if (numbers[i] != 0)
				names_release(names, numbers[i]);
			if (i % 4 == 0 || round == 0)
				random_core(r, cores[i], lengths[(size_t)i % ARRAY_LEN(lengths)]);
			else
				spoil_core(r, cores[g_rand_int_range(r, 0, NAMES)], cores[i]);
			numbers[i] = round == 1 && i % 5 == 0 ? 0 : hold(names, cores[i]);
		}
		for (int i = 0; i < 250; i++) {
			spoil_core(r, cores[g_rand_int_range(r, 0, NAMES)], asked);
			check_search(names, cores, numbers, asked, &pairs);
		}
	}
	g_test_message("%d similar pairs", pairs);
	CHECK(pairs > 500);
	for (int i = 0; i < NAMES; i++)
		if (numbers[i] != 0)
			names_release(names, numbers[i]);
	CHECK_INT(names_count(names), 0);
	CHECK_INT(find(names, cores[0], (NameHit[NAME_HITS_MAX]){{0}}), 0);
	g_rand_free(r);
	talloc_free(ctx);
}

/* A brand of few characters before a trade that hundreds share: of the pairs of such a name only two tell anything. */
static size_t crowd_core(GRand *r, uint32_t *chars)
{
	static const char *const trades[] = {"汽车零部件", "进出口贸易", "a汽车汽车", "智能装备制造与系统集成", "technology",
		"tech科技inc"};
	size_t brand = (size_t)g_rand_int_range(r, 1, 5);
	const char *trade = trades[g_rand_int_range(r, 0, ARRAY_LEN(trades))];
	for (size_t i = 0; i < brand; i++)
		chars[i] = 0x4e00 + (uint32_t)g_rand_int_range(r, 0, 40);
	return brand + fold_read(trade, strlen(trade), chars + brand);
}

/* chars with one error: a character changed, put in or lost at that place. */
static void one_error(const uint32_t *chars, size_t count, size_t at, int kind, uint32_t c, char *out)
{
	uint32_t spoiled[DISTANCE_MAX];
	size_t rest = at + (kind == 1 ? 0 : 1), n = at;
	memcpy(spoiled, chars, at * sizeof(*chars));
	if (kind != 2)
		spoiled[n++] = c;
	for (size_t i = rest; i < count; i++)
		spoiled[n++] = chars[i];
	fold_write(spoiled, n, out, 256);
}

/* Every single error at every place, and two on top of each other, among names that differ in little. */
TEST(names, misses_no_error_at_any_place)
{
	static char cores[NAMES][256];
	static uint32_t numbers[NAMES];
	TALLOC_CTX *ctx = talloc_new(NULL);
	GRand *r = g_rand_new_with_seed(19);
	NameIndex *names = names_new(ctx, 42);
	uint32_t chars[DISTANCE_MAX];
	int pairs = 0;
	for (int i = 0; i < NAMES; i++) {
		fold_write(chars, crowd_core(r, chars), cores[i], 256);
		numbers[i] = hold(names, cores[i]);
	}
	for (int round = 0; round < 120; round++) {
		const char *core = cores[g_rand_int_range(r, 0, NAMES)];
		size_t count = fold_read(core, strlen(core), chars);
		for (size_t at = 0; at < count; at++)
			for (int kind = 0; kind < 3; kind++) {
				char once[256], twice[256];
				one_error(chars, count, at, kind, 0x4e00 + (uint32_t)g_rand_int_range(r, 0, 60), once);
				check_search(names, cores, numbers, once, &pairs);
				spoil_core(r, once, twice);
				check_search(names, cores, numbers, twice, &pairs);
			}
	}
	g_test_message("%d similar pairs", pairs);
	CHECK(pairs > 9000);
	g_rand_free(r);
	talloc_free(ctx);
}

/* However scripts alternate, each length has grams enough for the errors it allows (else names_find asserts), and a
 * name with as many errors as that is found. */
TEST(names, has_grams_enough_for_every_length)
{
	static const char *const patterns[] = {"abcdefghij", "汽", "abc汽", "ab汽", "a汽", "abcd汽", "abcdefg汽", "汽车abc",
		"abcde汽车f"};
	TALLOC_CTX *ctx = talloc_new(NULL);
	GRand *r = g_rand_new_with_seed(23);
	NameIndex *names = names_new(ctx, 42);
	NameHit hits[NAME_HITS_MAX];
	uint32_t pattern[16], chars[DISTANCE_MAX];
	char text[NAME_CORE_MAX];
	for (size_t p = 0; p < ARRAY_LEN(patterns); p++) {
		size_t period = fold_read(patterns[p], strlen(patterns[p]), pattern);
		for (size_t len = 1; len < DISTANCE_MAX; len++) {
			for (size_t i = 0; i < len; i++)
				chars[i] = pattern[i % period] + (uint32_t)g_rand_int_range(r, 0, 5);
			if (fold_bytes(chars, len) >= sizeof(text))
				break;
			fold_write(chars, len, text, sizeof(text));
			uint32_t name = hold(names, text);
			for (size_t errors = len * 15 / 100, e = 0; e < errors; e++)
				chars[e * len / errors + (size_t)g_rand_int_range(r, 0, (int)(len / errors))] = 'z';
			fold_write(chars, len, text, sizeof(text));
			bool is_found = false;
			for (int i = find(names, text, hits) - 1; i >= 0; i--)
				is_found |= hits[i].name == name;
			CHECK(is_found);
			names_release(names, name);
		}
	}
	g_rand_free(r);
	talloc_free(ctx);
}

/* Names coming and going for ever must not fill memory. */
TEST(names, memory_stays_bounded)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	GRand *r = g_rand_new_with_seed(13);
	NameIndex *names = names_new(ctx, 42);
	uint32_t numbers[500] = {0};
	char core[256];
	size_t after_warming = 0;
	for (int i = 0; i < 60000; i++) {
		int at = g_rand_int_range(r, 0, 500);
		if (numbers[at] != 0)
			names_release(names, numbers[at]);
		random_core(r, core, g_rand_int_range(r, 3, 20));
		numbers[at] = hold(names, core);
		if (i == 20000)
			after_warming = talloc_total_size(ctx);
	}
	CHECK(talloc_total_size(ctx) <= after_warming * 3 / 2);
	g_rand_free(r);
	talloc_free(ctx);
}

TEST(names, too_many_are_left_out_and_room_is_used_again)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	NameIndex *names = names_new(ctx, 42);
	NameHit hits[NAME_HITS_MAX];
	names->name_max = 2;
	uint32_t first = hold(names, "tenon"), second = hold(names, "mortise");
	CHECK(first != 0 && second != 0);
	CHECK_INT(hold(names, "dovetail"), 0);
	CHECK_INT(hold(names, "mortise"), second); /* known ones go on */
	CHECK_INT(find(names, "dovetail", hits), 0);
	names_release(names, first);
	CHECK(hold(names, "dovetail") != 0);
	CHECK_INT(find(names, "dovetail", hits), 1);
	talloc_free(ctx);
}

/* --- whole names, spoiled as people spoil them --- */

static void write_variant(GRand *r, const char *brand, const char *trade, char out[static 200])
{
	static const char *const patterns[] = {"苏州市%s%s有限公司", "苏州%s%s有限公司", "%s%s（苏州）有限公司",
		"江苏省苏州市%s%s股份有限公司", "%s%s", "　%s %s有限责任公司", "%s%s(苏州)集团有限公司"};
	snprintf(out, 200, patterns[g_rand_int_range(r, 0, ARRAY_LEN(patterns))], brand, trade);
}

TEST(index, recognises_companies_written_differently)
{
	static const char *const trades[] = {"精密机械", "新材料科技", "生物医药", "电子商务", "智能装备制造"};
	MatchIndex *index = match_new(NULL);
	GRand *r = g_rand_new_with_seed(17);
	MatchHit hits[5];
	char name[200], brands[400][16];
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t chars[3];
		for (int j = 0; j < 3; j++)
			chars[j] = 0x5000 + (uint32_t)g_rand_int_range(r, 0, 900);
		fold_write(chars, 3, brands[i], sizeof(brands[i]));
		write_variant(r, brands[i], trades[i % 5], name);
		put_lead(index, i + 1, NULL, NULL, name);
	}
	for (uint32_t i = 0; i < 400; i++) {
		write_variant(r, brands[i], trades[i % 5], name);
		MatchKeys keys = lead(5000, NULL, NULL, name);
		CHECK(match_find(index, &keys, true, hits, 5) >= 1);
		CHECK(id_equal(hits[0].id, id_of(i + 1)) && hits[0].similarity > 0.99);
		/* One wrong character, of at least seven: still known. */
		char typo[16];
		snprintf(typo, sizeof(typo), "%.6s错", brands[i]);
		write_variant(r, typo, trades[i % 5], name);
		keys.company = name;
		int count = match_find(index, &keys, true, hits, 5);
		bool is_found = false;
		for (int j = 0; j < count; j++)
			is_found |= id_equal(hits[j].id, id_of(i + 1));
		CHECK(is_found);
		/* Another brand in the same trade: not the same company. */
		write_variant(r, "錾龘", trades[i % 5], name);
		CHECK(match_find(index, &keys, true, hits, 5) == 0);
	}
	g_rand_free(r);
	talloc_free(index);
}

/* --- loading --- */

static MatchKeys numbered_keys(uint32_t i, char phone[static 32], char name[static 100])
{
	snprintf(phone, 32, "+86138%08u", i % 400);
	snprintf(name, 100, "上海恒%c力石%c新材料有限公司", 'a' + (char)(i % 7), 'a' + (char)(i % 11));
	MatchKeys keys = lead(i % 900, i % 3 ? phone : NULL, NULL, i % 5 ? name : NULL);
	keys.object = i % 2 ? MATCH_LEAD : MATCH_ACCOUNT;
	keys.open = i % 13 != 0;
	return keys;
}

/* Whatever the size of the heaps, and with records that are there already or come twice. */
TEST(index, loading_is_putting_in_order)
{
	static const uint32_t sizes[] = {0, 1, 127, 128, 129, 256, 1000, 2500};
	char phone[32], name[100];
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		MatchIndex *put = match_new(NULL), *loaded = match_new(NULL);
		put_lead(put, 5, "+8613800000005", NULL, "恒力");
		put_lead(loaded, 5, "+8613800000005", NULL, "恒力");
		MatchLoad *load = match_load_begin(loaded);
		for (uint32_t i = 0; i < sizes[s]; i++) {
			MatchKeys keys = numbered_keys(i, phone, name);
			match_put(put, &keys);
			match_load_put(load, &keys);
		}
		match_load_end(load);
		CHECK_INT(match_size(loaded), match_size(put));
		for (uint32_t i = 0; i < 200; i++) {
			MatchHit a[50], b[50];
			MatchKeys keys = numbered_keys(i, phone, name);
			int count = match_find(put, &keys, true, a, 50);
			CHECK_INT(match_find(loaded, &keys, true, b, 50), count);
			for (int k = 0; k < count; k++)
				CHECK(id_equal(a[k].id, b[k].id) && a[k].kinds == b[k].kinds && a[k].weight == b[k].weight);
		}
		talloc_free(put);
		talloc_free(loaded);
	}
}

/* --- threads --- */

typedef struct {
	MatchIndex *index;
	atomic_bool is_over;
} Shared;

static void *search_always(void *data)
{
	Shared *shared = data;
	MatchHit hits[20];
	MatchKeys keys = lead(0, "+8613800000001", NULL, "上海恒力石化新材料有限公司");
	while (!atomic_load(&shared->is_over)) {
		int count = match_find(shared->index, &keys, true, hits, 20);
		for (int i = 1; i < count; i++)
			CHECK(hits[i].weight <= hits[i - 1].weight);
	}
	return NULL;
}

TEST(index, searches_while_it_changes)
{
	Shared shared = {.index = match_new(NULL)};
	pthread_t reader[2];
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&reader[i], NULL, search_always, &shared), 0);
	for (uint32_t i = 0; i < 4000; i++) {
		char name[100];
		snprintf(name, sizeof(name), "上海恒力石化%c%c材料有限公司", 'a' + (char)(i % 26), 'a' + (char)(i / 26 % 26));
		put_lead(shared.index, i % 700 + 1, i % 2 ? "+8613800000001" : NULL, NULL, name);
		if (i % 3 == 0)
			match_remove(shared.index, MATCH_LEAD, id_of(i / 2 % 700 + 1));
	}
	atomic_store(&shared.is_over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(reader[i], NULL);
	talloc_free(shared.index);
}

/* Polygons: what is refused and where, edges, holes, the date line; against a slow oracle. */
#include "match/polygon.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"

static Polygon *parsed(const char *text, PolygonFault *ret_fault)
{
	JsonFault fault;
	TALLOC_CTX *scratch = talloc_new(NULL);
	Polygon *p = polygon_parse(NULL, json_parse(scratch, text, strlen(text), &fault), ret_fault);
	talloc_free(scratch);
	return p;
}

static PolygonFault fault_of(const char *text)
{
	PolygonFault fault;
	Polygon *p = parsed(text, &fault);
	if (p)
		(void)polygon_check(p, &fault);
	talloc_free(p);
	return fault;
}

static Polygon *good(const char *text)
{
	PolygonFault fault;
	Polygon *p = parsed(text, &fault);
	CHECK(p != NULL);
	CHECK(polygon_check(p, &fault));
	return p;
}

#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"
#define SQUARE "[[0,0],[10,0],[10,10],[0,10],[0,0]]"

TEST(polygon, says_what_is_wrong_and_where)
{
	CHECK_INT(fault_of("{\"type\":\"Point\",\"coordinates\":[1,2]}").wrong, POLYGON_NOT_GEOJSON);
	CHECK_INT(fault_of("{}").wrong, POLYGON_NOT_GEOJSON);
	CHECK_INT(fault_of("[]").wrong, POLYGON_NOT_GEOJSON);
	CHECK_INT(fault_of(POLYGON("")).wrong, POLYGON_NOT_GEOJSON);
	CHECK_INT(fault_of(POLYGON("[[0,0],[1,0],[1,1]]")).wrong, POLYGON_NOT_CLOSED);
	CHECK_INT(fault_of(POLYGON("[[0,0],[1,0],[0,0]]")).wrong, POLYGON_TOO_FEW);
	CHECK_INT(fault_of(POLYGON("[[0,0],[1,0],[1,0],[1,0],[0,0]]")).wrong, POLYGON_TOO_FEW);
	CHECK_INT(fault_of(POLYGON("[[0,0],[1,91],[1,0],[0,0]]")).wrong, POLYGON_BAD_POINT);
	CHECK_INT(fault_of(POLYGON("[[0,0],[361,1],[1,0],[0,0]]")).wrong, POLYGON_BAD_POINT);
	CHECK_INT(fault_of(POLYGON("[[0,0],[\"1\",1],[1,0],[0,0]]")).wrong, POLYGON_BAD_POINT);
	CHECK_INT(fault_of(POLYGON("[[-350,0],[350,1],[350,0],[-350,0]]")).wrong, POLYGON_TOO_WIDE);
	PolygonFault bow = fault_of(POLYGON("[[0,0],[10,10],[10,0],[0,10],[0,0]]"));
	CHECK_INT(bow.wrong, POLYGON_CROSSES);
	CHECK(bow.has_place && fabs(bow.lon - 5) < 1e-6 && fabs(bow.lat - 5) < 1e-6);
	CHECK_INT(fault_of(POLYGON("[[0,0],[10,0],[5,0],[5,5],[0,0]]")).wrong, POLYGON_CROSSES);
	CHECK_INT(fault_of(POLYGON("[[0,0],[10,0],[20,0],[0,0]]")).wrong, POLYGON_CROSSES);
	CHECK_INT(fault_of(POLYGON("[[0,0],[10,0],[10,10],[5,0],[0,10],[0,0]]")).wrong, POLYGON_CROSSES);
	PolygonFault hole = fault_of(POLYGON(SQUARE ",[[20,20],[21,20],[21,21],[20,20]]"));
	CHECK_INT(hole.wrong, POLYGON_HOLE_OUTSIDE);
	CHECK_INT(hole.ring, 1);
	CHECK_INT(fault_of(POLYGON(SQUARE ",[[5,5],[15,5],[15,6],[5,5]]")).wrong, POLYGON_CROSSES);
	CHECK_INT(fault_of(POLYGON(SQUARE ",[[1,1],[9,1],[9,9],[1,9],[1,1]],[[2,2],[3,2],[3,3],[2,2]]")).wrong,
		POLYGON_HOLE_OUTSIDE);
	CHECK_INT(fault_of(POLYGON(SQUARE ",[[0,0],[3,1],[3,3],[0,0]]")).wrong, POLYGON_GOOD); /* touches in a point */
	CHECK_INT(fault_of(POLYGON("[[0,0,5],[0,10,5],[10,10,5],[10,0,5],[0,0,5]]")).wrong, POLYGON_GOOD);
}

TEST(polygon, holds_its_edges_and_not_its_holes)
{
	Polygon *p = good(POLYGON(SQUARE ",[[4,4],[6,4],[6,6],[4,6],[4,4]]"));
	CHECK_INT(polygon_points(p), 8);
	const struct {
		double lon, lat;
		bool in;
	} cases[] = {{1, 1, true}, {0, 0, true}, {10, 10, true}, {5, 0, true}, {0, 5, true}, {10.0000001, 5, false},
		{-0.0000001, 5, false}, {5, 5, false}, {4, 5, true}, {6, 6, true}, {5, 4.0000001, false}, {5, 10, true},
		{5, 10.0000001, false}, {NAN, 5, false}, {5, INFINITY, false}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_INT(polygon_holds(p, cases[i].lon, cases[i].lat), cases[i].in);
	talloc_free(p);
}

TEST(polygon, takes_features_and_bare_lists)
{
	static const char *const texts[] = {
		"[[0,0],[10,0],[10,10],[0,10]]", "[" SQUARE "]", "{\"type\":\"Feature\",\"geometry\":" POLYGON(SQUARE) "}",
		"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":" POLYGON(SQUARE) "}]}",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[" SQUARE "],[[[5,5],[15,5],[15,15],[5,15],[5,5]]]]}",
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		Polygon *p = good(texts[i]);
		CHECK(polygon_holds(p, 7, 7)); /* also where two overlap */
		CHECK_INT(polygon_holds(p, 12, 12), i == 4);
		talloc_free(p);
	}
}

TEST(polygon, goes_over_the_date_line_in_three_ways)
{
	static const char *const texts[] = {
		POLYGON("[[170,-10],[190,-10],[190,10],[170,10],[170,-10]]"),
		POLYGON("[[-190,-10],[-170,-10],[-170,10],[-190,10],[-190,-10]]"),
		("{\"type\":\"MultiPolygon\",\"coordinates\":[[[[170,-10],[180,-10],[180,10],[170,10],[170,-10]]],"
		 "[[[-180,-10],[-170,-10],[-170,10],[-180,10],[-180,-10]]]]}"),
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		Polygon *p = good(texts[i]);
		CHECK(polygon_holds(p, 175, 0) && polygon_holds(p, -175, 0));
		CHECK(polygon_holds(p, 180, 3) && polygon_holds(p, -180, 3) && polygon_holds(p, 170, 0));
		CHECK(!polygon_holds(p, 165, 0) && !polygon_holds(p, -165, 0) && !polygon_holds(p, 0, 0));
		talloc_free(p);
	}
}

/* ---- against a slow oracle ---- */

#define RING_MAX 2000

typedef struct {
	int64_t x[RING_MAX], y[RING_MAX]; /* whole 1e-7 degrees */
	int n;
} Ring;

/* A star around a middle: never crosses itself. */
static void star_make(Ring *ring, int n, double middle, double most)
{
	ring->n = n;
	for (int i = 0; i < n; i++) {
		double angle = 2 * M_PI * i / n, far = most * (0.3 + 0.7 * (double)(random_u64() % 1000) / 1000);
		ring->x[i] = llround((middle + far * cos(angle)) * 1e7);
		ring->y[i] = llround(far * sin(angle) * 1e7);
	}
}

static char *ring_text(const Ring *ring, bool backwards)
{
	Buf *b = buf_new(NULL, 1 << 20);
	buf_puts(b, "{\"type\":\"Polygon\",\"coordinates\":[[");
	for (int i = 0; i <= ring->n; i++) {
		int k = (backwards ? 2 * ring->n - i : i) % ring->n;
		buf_printf(b, "%s[%.7f,%.7f]", i ? "," : "", (double)ring->x[k] / 1e7, (double)ring->y[k] / 1e7);
	}
	buf_puts(b, "]]}");
	char *text = talloc_strdup(NULL, b->data);
	talloc_free(b);
	return text;
}

/* Turns of the ring around the point, edge by edge; long double suffices at this size. */
static bool oracle_holds(const Ring *ring, int64_t x, int64_t y)
{
	int turns = 0;
	for (int i = 0; i < ring->n; i++) {
		int k = (i + 1) % ring->n;
		long double side = (long double)(ring->x[k] - ring->x[i]) * (y - ring->y[i]) -
		                   (long double)(x - ring->x[i]) * (ring->y[k] - ring->y[i]);
		if (side == 0 && x >= MIN(ring->x[i], ring->x[k]) && x <= MAX(ring->x[i], ring->x[k]) &&
		    y >= MIN(ring->y[i], ring->y[k]) && y <= MAX(ring->y[i], ring->y[k]))
			return true;
		turns += ring->y[i] <= y && ring->y[k] > y && side > 0;
		turns -= ring->y[i] > y && ring->y[k] <= y && side < 0;
	}
	return turns != 0;
}

TEST(polygon, agrees_with_a_slow_oracle)
{
	Ring *ring = talloc(NULL, Ring);
	for (int round = 0; round < 60; round++) {
		star_make(ring, 3 + (int)(random_u64() % 300), 100, 5);
		char *texts[] = {ring_text(ring, false), ring_text(ring, true)};
		Polygon *there = good(texts[0]), *back = good(texts[1]);
		for (int i = 0; i < 500; i++) {
			int k = (int)(random_u64() % (unsigned)ring->n);
			bool corner = i % 10 == 0;
			int64_t x = corner ? ring->x[k] : llround((95 + 10 * (double)(random_u64() % 100000) / 1e5) * 1e7);
			int64_t y = i % 3 == 0 ? ring->y[k] : llround((-5 + 10 * (double)(random_u64() % 100000) / 1e5) * 1e7);
			bool wanted = oracle_holds(ring, x, y);
			CHECK_INT(polygon_holds(there, (double)x / 1e7, (double)y / 1e7), wanted);
			CHECK_INT(polygon_holds(back, (double)x / 1e7, (double)y / 1e7), wanted);
		}
		talloc_free(there);
		talloc_free(back);
		talloc_free(texts[0]);
		talloc_free(texts[1]);
	}
	talloc_free(ring);
}

TEST(polygon, answers_within_a_microsecond)
{
	Ring *ring = talloc(NULL, Ring);
	star_make(ring, 1000, 0, 10);
	char *text = ring_text(ring, false);
	Polygon *p = good(text);
	int64_t began = clock_monotonic_us(), inside = 0;
	for (int i = 0; i < 100000; i++)
		inside += polygon_holds(p, i % 100 / 10.0, i / 100 % 100 / 10.0);
	int64_t took = clock_monotonic_us() - began;
	g_test_message("%lld ns a question, %lld inside", (long long)took / 100, (long long)inside);
	CHECK(took < 2 * 1000 * 1000); /* under sanitizers, on a busy machine */
	talloc_free(p);
	talloc_free(text);
	talloc_free(ring);
}

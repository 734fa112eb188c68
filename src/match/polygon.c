/* Reads polygons and answers whether they hold a point. Edges are kept in slabs of latitude, so that a question looks
 * at a few edges of a large ring. All predicates are whole-number arithmetic. Crossings and holes: polygon_check.c. */
#include "match/polygon_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLABS_MAX 1024
#define SLAB_ENTRIES_PER_EDGE 32 /* long edges lie in many slabs: fewer slabs then */

/* ---- reading ---- */

typedef struct {
	Polygon *polygon;
	PolygonFault *fault;
} Reader;

static bool wrong(Reader *reader, PolygonWrong what)
{
	reader->fault->wrong = what;
	reader->fault->polygon = reader->polygon->n_parts - (reader->polygon->n_parts > 0);
	return false;
}

static bool wrong_at(Reader *reader, PolygonWrong what, PolygonPoint at)
{
	reader->fault->has_place = true;
	reader->fault->lon = (double)at.x / POLYGON_UNIT;
	reader->fault->lat = (double)at.y / POLYGON_UNIT;
	return wrong(reader, what);
}

static bool point_read(Reader *reader, const json_t *json, PolygonPoint *ret)
{
	const json_t *lon = json_array_get(json, 0), *lat = json_array_get(json, 1);
	size_t n = json_array_size(json);
	if (n < 2 || n > 4 || !json_is_number(lon) || !json_is_number(lat))
		return wrong(reader, POLYGON_BAD_POINT);
	double x = json_number_value(lon), y = json_number_value(lat);
	if (!(fabs(x) <= 360) || !(fabs(y) <= 90))
		return wrong(reader, POLYGON_BAD_POINT);
	*ret = (PolygonPoint){llround(x * POLYGON_UNIT), llround(y * POLYGON_UNIT)};
	return true;
}

static bool point_same(PolygonPoint a, PolygonPoint b)
{
	return a.x == b.x && a.y == b.y;
}

/* Points without repeats, the closing one left out. */
static bool ring_points(Reader *reader, const json_t *json, bool must_close, PolygonRing *ring)
{
	Polygon *p = reader->polygon;
	size_t n = json_array_size(json);
	if ((size_t)p->n_points + n > POLYGON_POINTS_MAX)
		return wrong(reader, POLYGON_TOO_MANY);
	*ring = (PolygonRing){.points = talloc_array(p, PolygonPoint, (unsigned)n + 1)};
	PolygonPoint at = {0};
	for (size_t i = 0; i < n; i++) {
		if (!point_read(reader, json_array_get(json, i), &at))
			return false;
		if (ring->n == 0 || !point_same(ring->points[ring->n - 1], at))
			ring->points[ring->n++] = at;
	}
	if (must_close && n > 0 && !point_same(ring->points[0], at))
		return wrong_at(reader, POLYGON_NOT_CLOSED, at);
	if (ring->n > 1 && point_same(ring->points[0], ring->points[ring->n - 1]))
		ring->n--;
	p->n_points += ring->n;
	return ring->n >= 3 && (!must_close || n >= 4) ? true : wrong(reader, POLYGON_TOO_FEW);
}

static bool part_read(Reader *reader, const json_t *rings, bool bare)
{
	Polygon *p = reader->polygon;
	size_t n = bare ? 1 : json_array_size(rings);
	if (n == 0 || !json_is_array(rings))
		return wrong(reader, POLYGON_NOT_GEOJSON);
	if ((size_t)p->n_rings + n > POLYGON_RINGS_MAX)
		return wrong(reader, POLYGON_TOO_MANY);
	p->parts = talloc_realloc(p, p->parts, PolygonPart, (unsigned)p->n_parts + 1);
	PolygonPart *part = &p->parts[p->n_parts++];
	*part = (PolygonPart){.rings = talloc_array(p, PolygonRing, (unsigned)n)};
	p->n_rings += (int)n;
	for (size_t i = 0; i < n; i++) {
		reader->fault->ring = (int)i;
		if (!ring_points(reader, bare ? rings : json_array_get(rings, i), !bare, &part->rings[i]))
			return false;
		part->n_rings++;
	}
	return true;
}

static bool parts_read(Reader *reader, const json_t *parts)
{
	size_t n = json_array_size(parts);
	for (size_t i = 0; i < n; i++)
		if (!part_read(reader, json_array_get(parts, i), false))
			return false;
	return n > 0 ? true : wrong(reader, POLYGON_NOT_GEOJSON);
}

static bool geometry_read(Reader *reader, const json_t *json)
{
	const char *type = json_string_value(json_object_get(json, "type"));
	const json_t *coordinates = json_object_get(json, "coordinates");
	if (type && strcmp(type, "Feature") == 0)
		json = json_object_get(json, "geometry"), type = json_string_value(json_object_get(json, "type")),
		coordinates = json_object_get(json, "coordinates");
	if (type && strcmp(type, "Polygon") == 0)
		return part_read(reader, coordinates, false);
	if (type && strcmp(type, "MultiPolygon") == 0)
		return parts_read(reader, coordinates);
	return wrong(reader, POLYGON_NOT_GEOJSON);
}

static bool any_read(Reader *reader, const json_t *json)
{
	const json_t *features = json_object_get(json, "features");
	if (json_is_array(json)) /* pairs, or rings of pairs as older versions kept them */
		return part_read(reader, json, json_is_number(json_array_get(json_array_get(json, 0), 0)));
	if (!features)
		return geometry_read(reader, json);
	for (size_t i = 0; i < json_array_size(features); i++)
		if (!geometry_read(reader, json_array_get(features, i)))
			return false;
	return json_array_size(features) ? true : wrong(reader, POLYGON_NOT_GEOJSON);
}

/* ---- the index ---- */

static void box_fill(PolygonPart *part)
{
	PolygonPoint first = part->rings[0].points[0];
	part->west = part->east = first.x;
	part->south = part->north = first.y;
	for (int r = 0; r < part->n_rings; r++)
		for (int i = 0; i < part->rings[r].n; i++) {
			PolygonPoint at = part->rings[r].points[i];
			part->west = at.x < part->west ? at.x : part->west;
			part->east = at.x > part->east ? at.x : part->east;
			part->south = at.y < part->south ? at.y : part->south;
			part->north = at.y > part->north ? at.y : part->north;
		}
}

static void edges_fill(Polygon *p, PolygonPart *part)
{
	int n = 0;
	for (int r = 0; r < part->n_rings; r++)
		n += part->rings[r].n;
	part->edges = talloc_array(p, PolygonEdge, (unsigned)n);
	for (int r = 0; r < part->n_rings; r++) {
		const PolygonRing *ring = &part->rings[r];
		for (int i = 0; i < ring->n; i++)
			part->edges[part->n_edges++] = (PolygonEdge){ring->points[i], ring->points[(i + 1) % ring->n], r, i};
	}
}

static int slab_of(const PolygonPart *part, int64_t y)
{
	int slab = (int)((y - part->south) / part->slab_height);
	return slab < part->n_slabs ? slab : part->n_slabs - 1;
}

static int64_t lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t upper(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Entries of all slabs, were there so many. */
static int64_t slabs_set(PolygonPart *part, int n)
{
	int64_t entries = 0;
	part->n_slabs = n;
	part->slab_height = (part->north - part->south) / n + 1;
	for (int i = 0; i < part->n_edges; i++) {
		const PolygonEdge *e = &part->edges[i];
		entries += slab_of(part, upper(e->a.y, e->b.y)) - slab_of(part, lower(e->a.y, e->b.y)) + 1;
	}
	return entries;
}

static void slabs_fill(Polygon *p, PolygonPart *part)
{
	int slabs = part->n_edges < SLABS_MAX ? part->n_edges : SLABS_MAX;
	int64_t entries = slabs_set(part, slabs);
	while (slabs > 1 && entries > (int64_t)part->n_edges * SLAB_ENTRIES_PER_EDGE)
		entries = slabs_set(part, slabs /= 2);
	part->starts = talloc_zero_array(p, int32_t, (unsigned)part->n_slabs + 1);
	part->entries = talloc_array(p, int32_t, (unsigned)entries);
	int32_t *fill = talloc_zero_array(part->starts, int32_t, (unsigned)part->n_slabs + 1);
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < part->n_edges; i++) {
			const PolygonEdge *e = &part->edges[i];
			int last = slab_of(part, upper(e->a.y, e->b.y));
			for (int s = slab_of(part, lower(e->a.y, e->b.y)); s <= last; s++)
				if (pass == 0)
					part->starts[s + 1]++;
				else
					part->entries[part->starts[s] + fill[s]++] = i;
		}
		for (int s = 0; pass == 0 && s < part->n_slabs; s++)
			part->starts[s + 1] += part->starts[s];
	}
	talloc_free(fill);
}

static bool index_make(Reader *reader)
{
	Polygon *p = reader->polygon;
	for (int i = 0; i < p->n_parts; i++) {
		PolygonPart *part = &p->parts[i];
		box_fill(part);
		if (part->east - part->west > 360 * (int64_t)POLYGON_UNIT)
			return wrong(reader, POLYGON_TOO_WIDE);
		edges_fill(p, part);
		slabs_fill(p, part);
	}
	return true;
}

Polygon *polygon_parse(TALLOC_CTX *ctx, const json_t *json, PolygonFault *ret_fault)
{
	*ret_fault = (PolygonFault){0};
	Reader reader = {talloc_zero(ctx, Polygon), ret_fault};
	if (any_read(&reader, json) && index_make(&reader))
		return reader.polygon;
	talloc_free(reader.polygon);
	return NULL;
}

/* ---- asking ---- */

int polygon_side(PolygonPoint a, PolygonPoint b, PolygonPoint c)
{
	__int128 cross = (__int128)(b.x - a.x) * (c.y - a.y) - (__int128)(b.y - a.y) * (c.x - a.x);
	return (cross > 0) - (cross < 0);
}

bool polygon_on_edge(PolygonPoint a, PolygonPoint b, PolygonPoint at)
{
	return at.x >= lower(a.x, b.x) && at.x <= upper(a.x, b.x) && at.y >= lower(a.y, b.y) &&
	       at.y <= upper(a.y, b.y) && polygon_side(a, b, at) == 0;
}

/* Does the ray to the east from `at` cross the edge? The lower end belongs to the edge, the upper one does not. */
static bool ray_crosses(PolygonPoint a, PolygonPoint b, PolygonPoint at)
{
	if ((a.y > at.y) == (b.y > at.y))
		return false;
	return a.y < b.y ? polygon_side(a, b, at) > 0 : polygon_side(a, b, at) < 0;
}

static bool part_holds(const PolygonPart *part, PolygonPoint at)
{
	if (at.x < part->west || at.x > part->east || at.y < part->south || at.y > part->north)
		return false;
	bool inside = false;
	int slab = slab_of(part, at.y);
	for (int32_t i = part->starts[slab]; i < part->starts[slab + 1]; i++) {
		const PolygonEdge *e = &part->edges[part->entries[i]];
		if (e->a.x < at.x && e->b.x < at.x)
			continue; /* to the west: neither on it nor met by the ray */
		if (polygon_on_edge(e->a, e->b, at))
			return true;
		inside ^= ray_crosses(e->a, e->b, at);
	}
	return inside;
}

bool polygon_holds(const Polygon *polygon, double lon, double lat)
{
	if (!(fabs(lon) <= 360) || !(fabs(lat) <= 90))
		return false;
	PolygonPoint at = {llround(lon * POLYGON_UNIT), llround(lat * POLYGON_UNIT)};
	const int64_t turn = 360 * (int64_t)POLYGON_UNIT;
	for (int i = 0; i < polygon->n_parts; i++)
		for (int turns = -1; turns <= 1; turns++)
			if (part_holds(&polygon->parts[i], (PolygonPoint){at.x + turns * turn, at.y}))
				return true;
	return false;
}

int polygon_points(const Polygon *polygon)
{
	return polygon->n_points;
}

void polygon_box(const Polygon *polygon, double ret_box[static 4])
{
	for (int i = 0; i < polygon->n_parts; i++) {
		const PolygonPart *part = &polygon->parts[i];
		const double box[] = {(double)part->west / POLYGON_UNIT, (double)part->south / POLYGON_UNIT,
			(double)part->east / POLYGON_UNIT, (double)part->north / POLYGON_UNIT};
		for (int k = 0; k < 4; k++)
			ret_box[k] = i == 0 ? box[k] : k < 2 ? fmin(ret_box[k], box[k]) : fmax(ret_box[k], box[k]);
	}
}

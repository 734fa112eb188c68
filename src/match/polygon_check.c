/* Is a polygon one that means what its author sees? No ring may cross or touch itself, rings of one polygon may touch
 * in points only, and holes lie inside and beside each other. */
#include "match/polygon_int.h"

#include <stdlib.h>

static int64_t lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t upper(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool beside(const PolygonEdge *e, const PolygonEdge *f)
{
	return upper(e->a.y, e->b.y) < lower(f->a.y, f->b.y) || upper(f->a.y, f->b.y) < lower(e->a.y, e->b.y) ||
	       upper(e->a.x, e->b.x) < lower(f->a.x, f->b.x) || upper(f->a.x, f->b.x) < lower(e->a.x, e->b.x);
}

/* A place that both edges have in common; of those that cross, the crossing. */
typedef struct {
	int touches;  /* ends of one that lie on the other */
	bool crosses; /* in the middle of both */
	PolygonPoint at;
} Meeting;

static PolygonPoint crossing_of(const PolygonEdge *e, const PolygonEdge *f)
{
	double ex = (double)(e->b.x - e->a.x), ey = (double)(e->b.y - e->a.y);
	double fx = (double)(f->b.x - f->a.x), fy = (double)(f->b.y - f->a.y);
	double t = ((double)(f->a.x - e->a.x) * fy - (double)(f->a.y - e->a.y) * fx) / (ex * fy - ey * fx);
	return (PolygonPoint){e->a.x + (int64_t)(t * ex), e->a.y + (int64_t)(t * ey)};
}

static void touch(Meeting *m, const PolygonEdge *e, PolygonPoint at)
{
	if (!polygon_on_edge(e->a, e->b, at))
		return;
	if (m->touches && (m->at.x != at.x || m->at.y != at.y))
		m->crosses = true; /* two places: they run along each other */
	m->touches++;
	m->at = at;
}

static Meeting meeting_of(const PolygonEdge *e, const PolygonEdge *f)
{
	Meeting m = {0};
	if (beside(e, f))
		return m;
	if (polygon_side(e->a, e->b, f->a) * polygon_side(e->a, e->b, f->b) < 0 &&
	    polygon_side(f->a, f->b, e->a) * polygon_side(f->a, f->b, e->b) < 0)
		return (Meeting){.crosses = true, .at = crossing_of(e, f)};
	touch(&m, e, f->a);
	touch(&m, e, f->b);
	touch(&m, f, e->a);
	touch(&m, f, e->b);
	return m;
}

static bool neighbours(const PolygonPart *part, const PolygonEdge *e, const PolygonEdge *f)
{
	int n = part->rings[e->ring].n, apart = abs(e->at - f->at);
	return e->ring == f->ring && (apart == 1 || apart == n - 1);
}

/* Neighbours share an end, other rings may touch in a point; everything else that meets is wrong. */
static bool meets_wrongly(const PolygonPart *part, const PolygonEdge *e, const PolygonEdge *f, PolygonPoint *ret)
{
	Meeting m = meeting_of(e, f);
	*ret = m.at;
	return m.crosses || (m.touches && e->ring == f->ring && !neighbours(part, e, f));
}

static int by_west(const void *a, const void *b)
{
	const PolygonEdge *e = *(const PolygonEdge *const *)a, *f = *(const PolygonEdge *const *)b;
	int64_t x = lower(e->a.x, e->b.x), y = lower(f->a.x, f->b.x);
	return (x > y) - (x < y);
}

/* From west to east: an edge is compared with those that begin before it ends. */
static bool crossing_find(const PolygonPart *part, PolygonFault *ret)
{
	const PolygonEdge **edges = talloc_array(NULL, const PolygonEdge *, (unsigned)part->n_edges);
	bool found = false;
	PolygonPoint at = {0};
	for (int i = 0; i < part->n_edges; i++)
		edges[i] = &part->edges[i];
	qsort(edges, (size_t)part->n_edges, sizeof *edges, by_west);
	for (int i = 0; i < part->n_edges && !found; i++) {
		int64_t east = upper(edges[i]->a.x, edges[i]->b.x);
		for (int k = i + 1; k < part->n_edges && !found && lower(edges[k]->a.x, edges[k]->b.x) <= east; k++) {
			found = meets_wrongly(part, edges[i], edges[k], &at);
			ret->ring = edges[k]->ring;
		}
	}
	talloc_free(edges);
	ret->has_place = found;
	ret->lon = (double)at.x / POLYGON_UNIT;
	ret->lat = (double)at.y / POLYGON_UNIT;
	return found;
}

typedef enum { OUTSIDE, ON, INSIDE } Where;

static Where ring_where(const PolygonRing *ring, PolygonPoint at)
{
	bool inside = false;
	for (int i = 0; i < ring->n; i++) {
		PolygonPoint a = ring->points[i], b = ring->points[(i + 1) % ring->n];
		if (polygon_on_edge(a, b, at))
			return ON;
		if ((a.y > at.y) != (b.y > at.y))
			inside ^= a.y < b.y ? polygon_side(a, b, at) > 0 : polygon_side(a, b, at) < 0;
	}
	return inside ? INSIDE : OUTSIDE;
}

/* Rings do not cross by now, so one point that is not on the other ring tells of all. */
static Where hole_where(const PolygonRing *hole, const PolygonRing *ring, PolygonPoint *ret)
{
	Where where = ON;
	for (int i = 0; i < hole->n && where == ON; i++) {
		*ret = hole->points[i];
		where = ring_where(ring, hole->points[i]);
	}
	return where;
}

static bool hole_wrong(const PolygonPart *part, int hole, PolygonPoint *ret)
{
	if (hole_where(&part->rings[hole], &part->rings[0], ret) != INSIDE)
		return true;
	for (int other = 1; other < part->n_rings; other++)
		if (other != hole && hole_where(&part->rings[hole], &part->rings[other], ret) != OUTSIDE)
			return true;
	return false;
}

static bool holes_check(const PolygonPart *part, PolygonFault *ret)
{
	for (int hole = 1; hole < part->n_rings; hole++) {
		PolygonPoint at = {0};
		if (!hole_wrong(part, hole, &at))
			continue;
		ret->wrong = POLYGON_HOLE_OUTSIDE;
		ret->ring = hole;
		ret->has_place = true;
		ret->lon = (double)at.x / POLYGON_UNIT;
		ret->lat = (double)at.y / POLYGON_UNIT;
		return false;
	}
	return true;
}

bool polygon_check(const Polygon *polygon, PolygonFault *ret_fault)
{
	*ret_fault = (PolygonFault){0};
	for (int i = 0; i < polygon->n_parts; i++) {
		ret_fault->polygon = i;
		if (crossing_find(&polygon->parts[i], ret_fault)) {
			ret_fault->wrong = POLYGON_CROSSES;
			return false;
		}
		if (!holes_check(&polygon->parts[i], ret_fault))
			return false;
	}
	return true;
}

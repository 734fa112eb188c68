/* How a polygon is kept: shared by reading and asking (polygon.c) and checking (polygon_check.c). */
#pragma once

#include "match/polygon.h"

#define POLYGON_UNIT 10000000.0 /* a degree in whole numbers */

typedef struct {
	int64_t x, y;
} PolygonPoint;

typedef struct {
	PolygonPoint *points; /* without repeats and without the closing one */
	int n;
} PolygonRing;

typedef struct {
	PolygonPoint a, b;
	int ring, at;
} PolygonEdge;

/* An outer ring with its holes. */
typedef struct {
	PolygonRing *rings;
	int n_rings;
	int64_t west, south, east, north;
	PolygonEdge *edges;
	int n_edges;
	int64_t slab_height;
	int n_slabs;
	int32_t *starts, *entries; /* edges of slab s: entries[starts[s]] to before entries[starts[s + 1]] */
} PolygonPart;

struct Polygon {
	PolygonPart *parts;
	int n_parts, n_rings, n_points;
};

/* On which side of the line from a to b lies c: left 1, right -1, on it 0. */
int polygon_side(PolygonPoint a, PolygonPoint b, PolygonPoint c);
bool polygon_on_edge(PolygonPoint a, PolygonPoint b, PolygonPoint at);

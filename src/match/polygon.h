/* Polygons on the map: read from GeoJSON, checked, asked whether they hold a point. Pure and exact: coordinates become
 * whole 1e-7 degrees (about a centimetre), so a point lies inside, outside or on an edge on every machine alike.
 *
 * Accepted: Polygon, MultiPolygon, Feature and FeatureCollection of these (their union), and a bare list of [lon, lat]
 * pairs. Rings of GeoJSON are closed; winding order does not matter; inside is even-odd within a
 * polygon, any polygon of several; an edge belongs to its polygon, a hole's edge too. The date line may be crossed in
 * either way: split in two at 180, or longitudes going on beyond 180 (up to 360) or below -180 (down to -360); a point
 * is looked for in all three turns of the globe. */
#pragma once

#include "base/base.h"
#include "base/json.h"

#define POLYGON_POINTS_MAX 20000 /* of all rings together */
#define POLYGON_RINGS_MAX 1000

typedef struct Polygon Polygon; /* immutable, shared between threads */

typedef enum {
	POLYGON_GOOD,
	POLYGON_NOT_GEOJSON,   /* no polygon is recognised in it */
	POLYGON_BAD_POINT,     /* not two numbers within range */
	POLYGON_NOT_CLOSED,    /* a ring ends elsewhere than it begins */
	POLYGON_TOO_FEW,       /* a ring of less than three different points */
	POLYGON_TOO_MANY,      /* points or rings */
	POLYGON_TOO_WIDE,      /* more than once around the globe */
	POLYGON_CROSSES,       /* a ring crosses or touches itself or runs back over itself; rings cross */
	POLYGON_HOLE_OUTSIDE,  /* a hole leaves its polygon, or lies within another hole */
} PolygonWrong;

/* Where it is wrong: polygon and ring by number from 0, and the place if there is one. */
typedef struct {
	PolygonWrong wrong;
	int polygon, ring;
	bool has_place;
	double lon, lat;
} PolygonFault;

/* NULL and *ret_fault if its form is wrong. Crossings are not looked for. */
Polygon *polygon_parse(TALLOC_CTX *ctx, const json_t *json, PolygonFault *ret_fault);
/* Crossings and holes; false and *ret_fault if something is wrong. Up to some hundred milliseconds for the largest. */
bool polygon_check(const Polygon *polygon, PolygonFault *ret_fault);
/* Is the point (degrees; longitude from -180 to 180) inside or on an edge? Below a microsecond. */
bool polygon_holds(const Polygon *polygon, double lon, double lat);
int polygon_points(const Polygon *polygon);
/* West, south, east, north in degrees. */
void polygon_box(const Polygon *polygon, double ret_box[static 4]);

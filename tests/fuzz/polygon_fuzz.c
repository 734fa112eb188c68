/* Fuzzes the reader of GeoJSON: whatever is read can be checked and asked; corners of what is read lie in it. */
#include "match/polygon_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void corners_check(const Polygon *p)
{
	for (int i = 0; i < p->n_parts; i++)
		for (int r = 0; r < p->parts[i].n_rings; r++)
			for (int k = 0; k < p->parts[i].rings[r].n; k++) {
				PolygonPoint at = p->parts[i].rings[r].points[k];
				require(polygon_holds(p, (double)at.x / POLYGON_UNIT, (double)at.y / POLYGON_UNIT));
			}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	JsonFault json_fault;
	PolygonFault fault;
	const json_t *json = json_parse(ctx, (const char *)data, size, &json_fault);
	Polygon *p = json ? polygon_parse(ctx, json, &fault) : NULL;
	require(p != NULL || json == NULL || fault.wrong != POLYGON_GOOD);
	if (p != NULL) {
		double box[4];
		bool good = polygon_check(p, &fault);
		require(good == (fault.wrong == POLYGON_GOOD));
		polygon_box(p, box);
		require(box[0] <= box[2] && box[1] <= box[3]);
		corners_check(p);
	}
	talloc_free(ctx);
	return 0;
}

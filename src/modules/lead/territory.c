/* Territories drawn on the map: a polygon is checked before it is kept, and shown with how many of the last leads it
 * holds while it is being drawn. What a polygon is stands in match/polygon.h. */
#include <stdio.h>
#include <string.h>

#include "call/module.h"
#include "match/region.h"
#include "modules/lead/lead_int.h"
#include "record/phase.h"

#define LEADS_LOOKED_AT 1000
#define PLACE_TEXT 64
#define REGION_CHILDREN_MAX 100 /* two digits a level */

static const struct {
	const char *code, *en, *zh;
} WORDS[] = {
	[POLYGON_GOOD] = {"good", "Fine.", "有效。"},
	[POLYGON_NOT_GEOJSON] = {"not_geojson", "This is no GeoJSON Polygon or MultiPolygon.",
		"不是有效的 GeoJSON Polygon 或 MultiPolygon。"},
	[POLYGON_BAD_POINT] = {"bad_point", "A point is [longitude, latitude]: numbers from -360 to 360 and -90 to 90.",
		"每个点应为 [经度, 纬度]，经度 -360 到 360，纬度 -90 到 90。"},
	[POLYGON_NOT_CLOSED] = {"not_closed", "A ring must end at the point where it begins.", "环的终点必须与起点相同。"},
	[POLYGON_TOO_FEW] = {"too_few", "A ring needs three different points, and the first again.",
		"一个环至少需要三个不同的点，并回到起点。"},
	[POLYGON_TOO_MANY] = {"too_many", "At most 20,000 points and 1,000 rings.", "最多 20,000 个点、1,000 个环。"},
	[POLYGON_TOO_WIDE] = {"too_wide", "A ring goes more than once around the globe.", "一个环不能绕地球超过一圈。"},
	[POLYGON_CROSSES] = {"crosses", "The line crosses or touches itself.", "边界自相交或自接触。"},
	[POLYGON_HOLE_OUTSIDE] = {"hole_outside", "A hole must lie inside its polygon, and not in another hole.",
		"洞必须在多边形内部，且不能在另一个洞里。"},
};

/* " (121.5, 31.2; polygon 1, ring 2)" */
static const char *place_words(Call *c, const PolygonFault *fault)
{
	const char *place = fault->has_place ? talloc_asprintf(c, "%.6f, %.6f; ", fault->lon, fault->lat) : "";
	return talloc_asprintf(c, c->lang == LANG_EN ? " (%spolygon %d, ring %d)" : "（%s第 %d 个多边形，第 %d 个环）", place,
		fault->polygon + 1, fault->ring + 1);
}

static const char *fault_words(Call *c, const PolygonFault *fault)
{
	return talloc_asprintf(c, "%s%s", c->lang == LANG_EN ? WORDS[fault->wrong].en : WORDS[fault->wrong].zh,
		place_words(c, fault));
}

static Polygon *polygon_read(Call *c, const json_t *json, PolygonFault *ret)
{
	Polygon *polygon = polygon_parse(c, json, ret);
	return polygon && polygon_check(polygon, ret) ? polygon : NULL;
}

/* Also of a territory that only gets another name: what is wrong since before that check is told then. */
static int before_territory(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	const char *text = record_text(info->record, "polygon");
	if (!text || info->kind == WRITE_DELETE || !(info->kind == WRITE_CREATE || record_changed(info->record, "polygon")))
		return 0;
	JsonFault json_fault;
	PolygonFault fault = {.wrong = POLYGON_NOT_GEOJSON};
	const json_t *json = json_parse(c, text, strlen(text), &json_fault);
	if (json_is_null(json) || (json && polygon_read(c, json, &fault)))
		return 0;
	const char *words = fault_words(c, &fault);
	return call_fault(c, "polygon", WORDS[fault.wrong].code, "%s", "%s", words);
}

/* ---- while it is drawn ---- */

typedef struct {
	const Polygon *polygon;
	int leads, placed, inside;
} Preview;

static int preview_count(Call *c, void *arg)
{
	Preview *preview = arg;
	ROWS rows = NULL;
	preview->leads = preview->placed = preview->inside = 0;
	int r = db_query(c->tx, &rows, "SELECT region, longitude, latitude FROM lead WHERE deleted_at IS NULL "
		"ORDER BY created_at DESC LIMIT $1", value_int(LEADS_LOOKED_AT));
	while (r == 0 && rows_next(rows)) {
		AssignQuery query = {.region = (int32_t)rows_int(rows, 0)};
		Value lon = rows_value(rows, 1, VALUE_DECIMAL, 6), lat = rows_value(rows, 2, VALUE_DECIMAL, 6);
		place_locate(&query, &lon, &lat);
		preview->leads++;
		preview->placed += query.has_point;
		preview->inside += query.has_point && polygon_holds(preview->polygon, query.lon, query.lat);
	}
	return r < 0 ? r : rows_error(rows);
}

static void number_put(JsonOut *out, double value)
{
	char text[PLACE_TEXT];
	int len = snprintf(text, sizeof text, "%.7f", value);
	json_put_raw(out, text, (size_t)len);
}

static void fault_write(Call *c, const PolygonFault *fault)
{
	JsonOut *out = &c->json;
	json_object_begin(out);
	json_member_text(out, "code", WORDS[fault->wrong].code);
	json_member_text(out, "detail", fault_words(c, fault));
	json_member_int(out, "polygon", fault->polygon);
	json_member_int(out, "ring", fault->ring);
	json_key(out, "place");
	if (fault->has_place) {
		json_array_begin(out);
		number_put(out, fault->lon);
		number_put(out, fault->lat);
		json_array_end(out);
	} else {
		json_put_null(out);
	}
	json_object_end(out);
}

static void preview_write(Call *c, const Preview *preview)
{
	JsonOut *out = &c->json;
	double box[4];
	polygon_box(preview->polygon, box);
	json_member_int(out, "points", polygon_points(preview->polygon));
	json_key(out, "box");
	json_array_begin(out);
	for (int i = 0; i < 4; i++)
		number_put(out, box[i]);
	json_array_end(out);
	json_member_int(out, "leads", preview->leads);
	json_member_int(out, "placed", preview->placed);
	json_member_int(out, "inside", preview->inside);
}

/* POST /territories/preview */
static int territory_preview(Call *c)
{
	PolygonFault fault;
	Preview preview = {.polygon = polygon_read(c, call_json(c, "polygon"), &fault)};
	int r = preview.polygon ? call_read_wait(c, preview_count, &preview) : 0;
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_key(&c->json, "fault");
	if (preview.polygon) {
		json_put_null(&c->json);
		preview_write(c, &preview);
	} else {
		fault_write(c, &fault);
	}
	json_object_end(&c->json);
	return 0;
}

/* ---- what there is to go by, where no map is ---- */

static void centre_write(JsonOut *out, int32_t code)
{
	double lon, lat;
	if (!region_centre(code, &lon, &lat))
		return;
	char text[16];
	(void)snprintf(text, sizeof text, "%d", code);
	json_object_begin(out);
	json_member_text(out, "code", text);
	json_member_text(out, "name", region_name(code));
	json_key(out, "place");
	json_array_begin(out);
	number_put(out, lon);
	number_put(out, lat);
	json_array_end(out);
	json_object_end(out);
}

/* GET /regions/centres */
static int regions_centres(Call *c)
{
	int32_t provinces[REGION_CHILDREN_MAX], cities[REGION_CHILDREN_MAX];
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	int n = region_children(0, provinces, REGION_CHILDREN_MAX);
	for (int i = 0; i < n; i++) {
		centre_write(&c->json, provinces[i]);
		int below = region_children(provinces[i], cities, REGION_CHILDREN_MAX);
		for (int j = 0; j < below; j++)
			centre_write(&c->json, cities[j]);
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return 0;
}

static int territory_start(House *house)
{
	phase_add(house->phases, PHASE_VALIDATE, "territory", before_territory, NULL);
	return 0;
}

static const Param preview_params[] = {{"polygon", PARAM_JSON, PARAM_IN_BODY, true, .help = "GeoJSON"}, {0}};

static const Endpoint endpoints[] = {
	{"POST", "/territories/preview", "settings.manage", CALL_WORKER, preview_params, territory_preview,
		"What is wrong with a polygon, or how many of the last 1,000 leads it holds"},
	{"GET", "/regions/centres", "settings.manage", CALL_READ, NULL, regions_centres,
		"Rough centres of the provinces and cities, to go by while a polygon is drawn"},
	{0},
};

const Module territory_module = {.name = "territory", .endpoints = endpoints, .start = territory_start};

/* The embedded tables, written at build time by tools/tables/table_source.py. */
#pragma once

#include "base/base.h"
#include "base/embed.h"

typedef struct {
	int32_t code;
	uint32_t name; /* offset into region_text */
	float lon, lat;
} RegionRow;

/* A name of a region; several regions may share it. */
typedef struct {
	uint32_t text; /* offset into region_text */
	int32_t code;
	uint16_t len; /* bytes */
	bool full; /* the official name, not a short form */
} RegionAlias;

typedef struct {
	int32_t first, last;
} IdCardArea;

extern const RegionRow region_rows[]; /* ascending by code */
extern const size_t region_row_count;
extern const RegionAlias region_aliases[]; /* ascending by text (bytes) */
extern const size_t region_alias_count;
extern const IdCardArea id_card_areas[];
extern const size_t id_card_area_count;
extern const char region_text[];
extern const EmbeddedFile match_tables[]; /* phones.bin */

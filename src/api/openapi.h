/* OpenAPI 3.1 from the tables themselves: endpoints of all module cards, objects of the catalogue. */
#pragma once

#include "api/route.h"

extern const struct Module api_module; /* /openapi.json, /test/clock */

/* Writes the whole document. */
void openapi_write(Call *c, JsonOut *o);

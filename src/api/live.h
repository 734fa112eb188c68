/* GET /api/v1/live: identifies the listener, then hands the request to the hub (event/hub.h). */
#pragma once

#include "api/dispatch.h"

extern const PlainPath live_paths[]; /* below /api/v1 */

void live_request(Dispatch *dispatch, HttpRequest *request);

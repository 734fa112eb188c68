/* One API request as a Call: found in the route table, identified, checked at the gate, run where its mode says,
 * answered after the COMMIT. */
#pragma once

#include "api/meter.h"
#include "api/route.h"
#include "api/worker.h"
#include "http/http.h"

typedef struct Dispatch {
	House *house;
	Routes *routes;
	Workers *workers;
	Meter *meter;
} Dispatch;

/* path is what follows /api/v1. Takes the request over. */
void dispatch_request(Dispatch *dispatch, HttpRequest *request, const char *path);
/* The bearer token of a request: Authorization header, else the session cookie, else NULL. */
const char *dispatch_token(HttpRequest *request, bool *ret_is_cookie);

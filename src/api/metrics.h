/* GET /metrics in the text format of Prometheus: for the machine itself, or with the token of an administrator or of an
 * API key with the right system.manage. */
#pragma once

#include "api/dispatch.h"

/* Takes the request over. */
void metrics_request(Dispatch *dispatch, HttpRequest *request);

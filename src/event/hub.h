/* The live hub: what was committed reaches every open stream that may see it, at once. Streams resume by
 * Last-Event-ID from the event table. One JSON object per SSE message:
 * {"seq","at","kind","object","record","owner","before","team","pool","data"}.
 *
 * Resuming leaves no gap. On SQLite it brings nothing twice; on PostgreSQL, where a smaller seq may be committed
 * after a larger one, the last seconds before the resume point are sent again: clients drop the ids they have seen.
 * When too much was missed (HUB_RESUME_MAX events, or more bytes than a stream may lag behind, or a seq the table
 * does not know) the stream gets "event: reset" with {"seq"}: load everything anew, the stream goes on from there.
 * Rights are those of record/access.h; an event of kind "alert" goes to its owner alone. They are read again within a
 * second or so when people or teams change; the streams of an ended session or a disabled person are closed. */
#pragma once

#include "call/call.h"

/* Events sent to one stream that resumes. */
#define HUB_RESUME_MAX 5000

typedef struct Hub Hub;
struct HttpRequest;

/* Registers itself with the phases of the house: call it once, before anything is served. */
Hub *hub_start(TALLOC_CTX *ctx, House *house);
/* Closes the streams and ends the thread. After http_stop or while the server runs; before store_close. The memory
 * stays with ctx, for writes that are still under way. */
void hub_stop(Hub *hub);
/* Turns a request into a live stream for the identity of the call; sends what came after last_seq (-1: from now on).
 * On success the request is given up. ERR_BUSY at LIMIT_LIVE_CONNECTIONS, with c->retry_after: the request is still
 * to be answered. */
NODISCARD int hub_open(Hub *hub, Call *c, struct HttpRequest *request, int64_t last_seq);
int hub_count(const Hub *hub);

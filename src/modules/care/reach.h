/* /reach: how this house looks from outside, for the doctor. It proves that it is this house and tells what of the
 * visitor arrives; /reach/stream begins a stream that says one word at once. Proxies may treat live streams in their
 * own way, so the doctor asks for it where those are: the front door takes REACH_LIVE for REACH_STREAM_PATH. */
#pragma once

#include "call/module.h"

#define REACH_PATH "/reach"
#define REACH_STREAM_PATH "/reach/stream"
#define REACH_LIVE "/api/v1/live?reach"
#define REACH_STREAMS_MAX 4
#define REACH_NONCE_MAX 64
#define REACH_PROOF_TEXT 65

/* What only this house can answer to a nonce, as hexadecimal; secret: of its records. */
void reach_proof(const void *secret, size_t len, const char *nonce, char ret[static REACH_PROOF_TEXT]);
extern const RawRoute reach_routes[];

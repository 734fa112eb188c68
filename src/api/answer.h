/* From a finished Call to bytes: JSON with the right status and headers, or problem+json (RFC 9457). */
#pragma once

#include "call/call.h"
#include "http/http.h"

/* Answers the request with what the call has: its result when result is 0, else its error. */
void answer_call(HttpRequest *request, const Call *c, int result);
/* The status that answer_call gives it. */
int answer_status(const Call *c, int result);
/* Answers with a problem outside any call; en and zh are whole sentences, lang chooses. */
void answer_problem(HttpRequest *request, int err, const char *code, Lang lang, const char *en, const char *zh);
/* Language of a visitor: Accept-Language, Chinese unless it prefers something else. */
Lang answer_language(const HttpRequest *request);

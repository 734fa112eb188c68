/* The browser application carried in the binary. Hashed assets are immutable for a year; everything else is asked for
 * again with an ETag. Unknown paths without a dot give index.html, so that a copied link opens its screen. */
#pragma once

#include "base/embed.h"
#include "http/http.h"

/* True when it answered; false when path is no file and no screen. */
bool static_answer(HttpRequest *request, const EmbeddedFile *files);
/* Security headers of every page: strict Content-Security-Policy and friends. */
extern const char static_policy[];

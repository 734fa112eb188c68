/* Embedded files: precompressed twins, immutable assets, security headers. */
#include "api/static.h"

#include <string.h>

typedef struct {
	const char *ending, *type;
} MediaType;

static const MediaType media_types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".json", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".woff2", "font/woff2"},
	{".txt", "text/plain; charset=utf-8"},
};

const char static_policy[] =
	"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
	"media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
	"object-src 'none'";

static bool ends_with(const char *text, const char *ending)
{
	size_t n = strlen(text), m = strlen(ending);
	return n >= m && strcmp(text + n - m, ending) == 0;
}

static const char *media_type_of(const char *name)
{
	for (size_t i = 0; i < sizeof media_types / sizeof *media_types; i++)
		if (ends_with(name, media_types[i].ending))
			return media_types[i].type;
	return "application/octet-stream";
}

static const EmbeddedFile *file_find(const EmbeddedFile *files, const char *name)
{
	for (; files->name; files++)
		if (strcmp(files->name, name) == 0)
			return files;
	return NULL;
}

/* The precompressed twin the browser can read, else the file itself. */
static const EmbeddedFile *file_encoded(HttpRequest *r, const EmbeddedFile *files, const EmbeddedFile *plain,
                                        const char **ret_encoding)
{
	const char *accepts = http_header(r, "Accept-Encoding");
	static const struct {
		const char *coding, *ending;
	} codings[] = {{"br", ".br"}, {"gzip", ".gz"}};
	for (size_t i = 0; accepts && i < 2; i++) {
		if (!strstr(accepts, codings[i].coding))
			continue;
		char *name = talloc_asprintf(http_mem(r), "%s%s", plain->name, codings[i].ending);
		const EmbeddedFile *twin = file_find(files, name);
		if (twin) {
			*ret_encoding = codings[i].coding;
			return twin;
		}
	}
	return plain;
}

/* FNV-1a over the bytes: cheap, and a new build gives a new tag. */
static char *etag_of(TALLOC_CTX *ctx, const EmbeddedFile *file)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < file->size; i++)
		hash = (hash ^ file->bytes[i]) * 1099511628211u;
	return talloc_asprintf(ctx, "\"%016llx\"", (unsigned long long)hash);
}

static void file_answer(HttpRequest *r, const EmbeddedFile *files, const EmbeddedFile *file)
{
	const char *encoding = NULL;
	const EmbeddedFile *body = file_encoded(r, files, file, &encoding);
	bool immutable = strncmp(file->name, "assets/", 7) == 0;
	char *etag = immutable ? NULL : etag_of(http_mem(r), body);
	const char *known = http_header(r, "If-None-Match");
	HttpHeader headers[] = {
		{"Cache-Control", immutable ? "public, max-age=31536000, immutable" : "no-cache"},
		{"Content-Security-Policy", static_policy},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "same-origin"},
		{"Vary", "Accept-Encoding"},
		{encoding ? "Content-Encoding"
	     : etag   ? "ETag"
	              : NULL,
	     encoding ? encoding : etag},
		{encoding && etag ? "ETag" : NULL, etag},
		{NULL, NULL},
	};
	if (etag && known && strcmp(known, etag) == 0)
		http_respond(r, 304, NULL, headers, "", 0);
	else
		http_respond(r, 200, media_type_of(file->name), headers, body->bytes, body->size);
}

bool static_answer(HttpRequest *r, const EmbeddedFile *files)
{
	const char *path = http_path(r) + 1;
	const EmbeddedFile *file = file_find(files, path);
	if (!file) /* pages of their own, such as /demo */
		file = file_find(files, talloc_asprintf(http_mem(r), "%s.html", path));
	if (!file && !strchr(path, '.'))
		file = file_find(files, "index.html");
	if (!file)
		return false;
	file_answer(r, files, file);
	return true;
}

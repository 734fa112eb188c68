/* Folders of files, by plain system calls. */
#include "modules/care/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "base/clock.h"
#include "base/whole.h"

#define PIECE_BYTES (256 * 1024)

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static FTS *walk(const char *root)
{
	char *roots[] = {(char *)(uintptr_t)root, NULL};
	return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

bool tree_list(TALLOC_CTX *ctx, const char *root, char ***ret, size_t *ret_n)
{
	char **list = talloc_array(ctx, char *, 0);
	size_t n = 0, skip = strlen(root) + 1;
	bool fine = true;
	FTS *fts = walk(root);
	for (FTSENT *e; fts && (e = fts_read(fts));) {
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || (e->fts_info == FTS_NS && e->fts_level > 0))
			fine = false;
		if (e->fts_info != FTS_F || strlen(e->fts_path) <= skip)
			continue;
		list = talloc_realloc(ctx, list, char *, n + 1);
		list[n++] = talloc_strdup(list, e->fts_path + skip);
	}
	if (fts)
		fts_close(fts);
	qsort(list, n, sizeof *list, compare_paths);
	*ret = list;
	*ret_n = n;
	return fine && fts;
}

bool tree_remove(const char *root)
{
	bool fine = true;
	FTS *fts = walk(root);
	for (FTSENT *e; fts && (e = fts_read(fts));) {
		if (e->fts_info == FTS_DP)
			fine &= rmdir(e->fts_accpath) == 0;
		else if (e->fts_info != FTS_D && e->fts_info != FTS_NS)
			fine &= unlink(e->fts_accpath) == 0;
	}
	if (fts)
		fts_close(fts);
	return fine && fts;
}

bool folder_make(const char *path)
{
	char *part = talloc_strdup(NULL, path);
	bool fine = true;
	for (char *slash = strchr(part + 1, '/'); slash && fine; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		fine = mkdir(part, 0750) == 0 || errno == EEXIST;
		*slash = '/';
	}
	fine = fine && (mkdir(part, 0750) == 0 || errno == EEXIST);
	talloc_free(part);
	return fine;
}

bool folder_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fine = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return fine;
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

/* Without links as far as it exists, without ".." behind that. */
static char *canonical(TALLOC_CTX *ctx, const char *path)
{
	char real[PATH_MAX], *whole = g_canonicalize_filename(path, NULL), *above = talloc_strdup(ctx, whole);
	bool found = realpath(above, real) != NULL;
	while (!found && strrchr(above, '/') > above) {
		*strrchr(above, '/') = '\0';
		found = realpath(above, real) != NULL;
	}
	char *out = talloc_asprintf(ctx, "%s%s", found ? real : "", whole + (found ? strlen(above) : 0));
	g_free(whole);
	return out;
}

bool tree_holds(const char *root, const char *path)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *outer = canonical(mem, root), *inner = canonical(mem, path);
	size_t n = strlen(outer);
	bool holds = strncmp(inner, outer, n) == 0 && (inner[n] == '/' || inner[n] == '\0');
	talloc_free(mem);
	return holds;
}

bool file_hash(const char *path, const CopyWatch *watch, int64_t *ret_bytes, char ret_hash[TREE_HASH_TEXT])
{
	CopyWatch pace = {.bytes_per_second = watch ? watch->bytes_per_second : 0};
	int64_t began_us = clock_monotonic_us();
	unsigned char hash[crypto_generichash_BYTES];
	crypto_generichash_state state;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	unsigned char *piece = talloc_array(NULL, unsigned char, PIECE_BYTES);
	int64_t bytes = 0;
	ssize_t n = -1;
	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	while (!(watch && atomic_load(&watch->stop)) && (n = read(fd, piece, PIECE_BYTES)) > 0) {
		crypto_generichash_update(&state, piece, (unsigned long long)n);
		bytes += n;
		(void)copy_pace(&pace, n, began_us);
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	sodium_bin2hex(ret_hash, TREE_HASH_TEXT, hash, sizeof hash);
	*ret_bytes = bytes;
	talloc_free(piece);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* read once: others need the memory more */
	close(fd);
	if (n > 0)
		errno = EINTR;
	return n == 0;
}

static bool pour(int from, int to)
{
	char *piece = talloc_array(NULL, char, PIECE_BYTES);
	ssize_t n;
	while ((n = read(from, piece, PIECE_BYTES)) > 0 && write_whole(to, piece, (size_t)n))
		continue;
	talloc_free(piece);
	return n == 0 && fsync(to) == 0;
}

static bool folder_above_make(const char *path)
{
	char *folder = talloc_strdup(NULL, path), *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	bool fine = !slash || slash == folder || folder_make(folder);
	talloc_free(folder);
	return fine;
}

bool file_copy(const char *from, const char *to)
{
	struct stat st;
	if (!folder_above_make(to))
		return false;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = in >= 0 && fstat(in, &st) == 0
			  ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777) : -1;
	bool fine = out >= 0 && pour(in, out);
	int why = errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	errno = why;
	return fine;
}

bool file_write(const char *path, const char *text)
{
	char *fresh = talloc_asprintf(NULL, "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool fine = fd >= 0 && write_whole(fd, text, strlen(text)) && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	fine = fine && rename(fresh, path) == 0;
	talloc_free(fresh);
	return fine;
}

char *file_read(TALLOC_CTX *ctx, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return NULL;
	char *text = NULL;
	if (fstat(fd, &st) == 0 && st.st_size >= 0 && (size_t)st.st_size <= max) {
		text = talloc_zero_array(ctx, char, (size_t)st.st_size + 1);
		if (read(fd, text, (size_t)st.st_size) != st.st_size)
			TALLOC_FREE(text);
	}
	close(fd);
	return text;
}

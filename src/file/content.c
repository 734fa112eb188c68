/* Written under a name of its own, synced, renamed, and the folders synced: after that a power cut takes nothing. */
#include "file/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/os_fault.h"
#include "base/random.h"
#include "base/whole.h"

#define FRESH ".new-"
#define FRESH_DEAD_MS HOUR_MS /* a name that old is being written by nobody any more */

bool content_is_hash(const char *text)
{
	return strlen(text) == CONTENT_HASH_TEXT - 1 && strspn(text, "0123456789abcdef") == CONTENT_HASH_TEXT - 1;
}

void content_hash(const void *bytes, size_t len, char ret_hash[CONTENT_HASH_TEXT])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, bytes, len);
	sodium_bin2hex(ret_hash, CONTENT_HASH_TEXT, hash, sizeof hash);
}

static int disk_error(void)
{
	return is_disk_full(errno) ? ERR_FULL : ERR_STORE;
}

static bool folder_synced(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fine = fd >= 0 && fsync(fd) == 0;
	int why = errno;
	if (fd >= 0)
		close(fd);
	errno = why;
	return fine;
}

/* Left by a process that died; what somebody is just writing is younger. */
static void fresh_sweep(const char *root)
{
	DIR *dir = opendir(root);
	int64_t before_ms = clock_real_ms() - FRESH_DEAD_MS;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct stat is;
		if (strncmp(e->d_name, FRESH, strlen(FRESH)) == 0 && fstatat(dirfd(dir), e->d_name, &is, 0) == 0 &&
		    is.st_mtim.tv_sec * 1000LL < before_ms)
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

int content_begin(const char *data_dir)
{
	char *root = talloc_asprintf(NULL, "%s/files", data_dir);
	bool fine = (mkdir(root, 0700) == 0 || errno == EEXIST) && folder_synced(data_dir);
	if (fine)
		fresh_sweep(root);
	talloc_free(root);
	return fine ? 0 : ERR_STORE;
}

static int write_fresh(const char *fresh, const char *path, const void *bytes, size_t len)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool fine = fd >= 0 && write_whole(fd, bytes, len) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) < 0)
		fine = false;
	if (fine && rename(fresh, path) == 0)
		return 0;
	int err = disk_error();
	if (fd >= 0)
		(void)unlink(fresh);
	return err;
}

/* ---- keeping and dropping exclude each other ---- */

/* Closing it unlocks; -1: not had. */
static int lock_take(const char *data_dir, int how)
{
	char *path = talloc_asprintf(NULL, "%s/files/" CONTENT_LOCK, data_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	talloc_free(path);
	while (fd >= 0 && flock(fd, how) < 0)
		if (errno != EINTR) {
			close(fd);
			return -1;
		}
	return fd;
}

static bool is_young(const struct stat *is, int64_t before_ms)
{
	return is->st_mtim.tv_sec * 1000LL + is->st_mtim.tv_nsec / 1000000 >= before_ms;
}

/* ---- keeping ---- */

/* What is there already under this name is as good, if it is whole, and young from now on; another thread may not have
 * synced its folders yet, so they are synced in any case. */
int content_keep(const char *data_dir, const void *bytes, size_t len, char ret_hash[CONTENT_HASH_TEXT])
{
	struct stat is;
	content_hash(bytes, len, ret_hash);
	TALLOC_CTX *mem = talloc_new(NULL);
	char *root = talloc_asprintf(mem, "%s/files", data_dir);
	char *folder = talloc_asprintf(mem, "%s/%.2s", root, ret_hash);
	char *path = talloc_asprintf(mem, "%s/%s", folder, ret_hash);
	char *fresh = talloc_asprintf(mem, "%s/" FRESH "%016llx", root, (unsigned long long)random_u64());
	int r = mkdir(folder, 0700) == 0 || errno == EEXIST ? 0 : disk_error();
	int lock = r == 0 ? lock_take(data_dir, LOCK_SH) : -1;
	if (r == 0 && lock < 0)
		r = disk_error();
	bool is_there = r == 0 && stat(path, &is) == 0 && (size_t)is.st_size == len &&
	                utimensat(AT_FDCWD, path, NULL, 0) == 0;
	if (r == 0 && !is_there)
		r = write_fresh(fresh, path, bytes, len);
	if (r == 0 && !(folder_synced(folder) && folder_synced(root)))
		r = disk_error();
	if (lock >= 0)
		close(lock);
	talloc_free(mem);
	return r;
}

static bool read_all(int fd, char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

int content_read(TALLOC_CTX *ctx, const char *data_dir, const char *hash, char **ret, size_t *ret_len)
{
	struct stat is;
	if (!content_is_hash(hash))
		return ERR_NOT_FOUND;
	char *path = talloc_asprintf(ctx, "%s/files/%.2s/%s", data_dir, hash, hash);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_STORE;
	char *bytes = NULL;
	if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_size <= LIMIT_FILE)
		bytes = talloc_array(ctx, char, (size_t)is.st_size + 1);
	if (bytes && !read_all(fd, bytes, (size_t)is.st_size))
		TALLOC_FREE(bytes);
	close(fd);
	if (!bytes)
		return ERR_STORE;
	bytes[is.st_size] = '\0';
	*ret = bytes;
	*ret_len = (size_t)is.st_size;
	return 0;
}

int content_hold(const char *data_dir, const char *hash)
{
	if (!content_is_hash(hash))
		return ERR_NOT_FOUND;
	char *path = talloc_asprintf(NULL, "%s/files/%.2s/%s", data_dir, hash, hash);
	int lock = lock_take(data_dir, LOCK_SH);
	int r = lock >= 0 && utimensat(AT_FDCWD, path, NULL, 0) == 0 ? 0 : errno == ENOENT ? ERR_NOT_FOUND : ERR_STORE;
	if (lock >= 0)
		close(lock);
	talloc_free(path);
	return r;
}

/* ---- dropping ---- */

void content_old(const char *data_dir, int folder, int64_t before_ms, ContentOld tell, void *arg)
{
	char *path = talloc_asprintf(NULL, "%s/files/%02x", data_dir, (unsigned)folder);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct stat is;
		if (content_is_hash(e->d_name) && fstatat(dirfd(dir), e->d_name, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(is.st_mode) && !is_young(&is, before_ms))
			tell(arg, e->d_name);
	}
	if (dir)
		closedir(dir);
	talloc_free(path);
}

void content_drop(const char *data_dir, const char *hash, int64_t before_ms, int64_t *ret_bytes)
{
	struct stat is;
	char *path = talloc_asprintf(NULL, "%s/files/%.2s/%s", data_dir, hash, hash);
	int lock = lock_take(data_dir, LOCK_EX | LOCK_NB);
	*ret_bytes = 0;
	if (lock >= 0 && stat(path, &is) == 0 && !is_young(&is, before_ms) && unlink(path) == 0)
		*ret_bytes = is.st_size > 0 ? is.st_size : 1;
	if (lock >= 0)
		close(lock);
	talloc_free(path);
}

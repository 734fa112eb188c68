/* The doctor: each check measures one thing and says what to do when it is not well. */
#include "modules/care/doctor_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/os_fault.h"
#include "modules/care/tree.h"

#define DISK_SPARE_MB 1024
#define DISK_SPARE_PERCENT 5
#define SYNCS 20
#define SYNC_SLOW_US 20000
#define FILES_WANTED (LIMIT_HTTP_CONNECTIONS + 500)
#define YEAR_2025_MS INT64_C(1735689600000)
#define BACKUP_OLD_MS (3 * DAY_MS)

Said *doctor_add(Doctor *d, const char *check, bool serious)
{
	d->list = talloc_realloc(d->ctx, d->list, Finding, d->n + 1);
	d->list[d->n] = (Finding){.check = check, .serious = serious, .count = 1};
	return &d->list[d->n++].said;
}

Said *doctor_note(Doctor *d, const char *check, bool note)
{
	Said *said = doctor_add(d, check, false);
	d->list[d->n - 1].note = note;
	return said;
}

/* False: there is no folder to look at any further. */
static bool look_at_folder(Doctor *d)
{
	const char *dir = d->config->house.data_dir;
	if (access(dir, R_OK | W_OK | X_OK) < 0) {
		const char *en = errno == EROFS ? "Mount the disk so that it can be written."
			       : errno == ENOENT ? "Name another one with --data; tenon serve makes an empty one."
						 : "Check its owner and rights.";
		const char *zh = errno == EROFS ? "请以可写方式重新挂载磁盘。"
			       : errno == ENOENT ? "请用 --data 指定正确的文件夹；tenon serve 会新建一个空的。"
						 : "请检查所有者和权限。";
		int why = errno;
		*doctor_add(d, "folder", true) = (Said){
			.en = talloc_asprintf(d->ctx, "The data folder %s cannot be used: %s. %s", dir, os_fault(why, false), en),
			.zh = talloc_asprintf(d->ctx, "数据文件夹 %s 无法使用：%s。%s", dir, os_fault(why, true), zh)};
		return false;
	}
	int lock = open(talloc_asprintf(d->ctx, "%s/tenon.lock", dir), O_RDONLY | O_CLOEXEC);
	d->serves = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0;
	if (lock >= 0)
		close(lock);
	said_set(d->ctx, doctor_add(d, "folder", false), 0,
	    d->serves ? "A tenon is running on %s" : "No tenon is running on %s",
	    d->serves ? "%s 上有 tenon 正在运行" : "%s 上没有 tenon 在运行", dir);
	if (backup_restore_is_open(dir))
		said_set(d->ctx, doctor_add(d, "restore_open", true), 0,
		    "A restore into %s was begun and not finished. Run tenon restore again with --force.",
		    "%s 的恢复没有完成。请用 --force 重新执行 tenon restore。", dir);
	return true;
}

static void look_at_disk(Doctor *d)
{
	struct statvfs disk;
	if (statvfs(d->config->house.data_dir, &disk) < 0 || disk.f_blocks == 0)
		return;
	long long left_mb = (long long)(disk.f_bavail * disk.f_frsize >> 20);
	int percent = (int)(disk.f_bavail * 100 / disk.f_blocks);
	bool tight = left_mb < DISK_SPARE_MB || percent < DISK_SPARE_PERCENT;
	said_set(d->ctx, doctor_add(d, "disk", tight), 0,
	    tight ? "Only %lld MB (%d %%) of the disk are left. Make room: a full disk takes no leads."
		  : "%lld MB (%d %%) of the disk are left",
	    tight ? "磁盘只剩 %lld MB（%d %%）。请清理空间：磁盘写满就收不了线索。" : "磁盘剩余 %lld MB（%d %%）", left_mb, percent);
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* What every acknowledged lead waits for. */
static void look_at_syncs(Doctor *d)
{
	int64_t took_us[SYNCS];
	char piece[4096] = {0}, *path = talloc_asprintf(d->ctx, "%s/doctor.tmp", d->config->house.data_dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool fine = fd >= 0;
	for (int i = 0; fine && i < SYNCS; i++) {
		int64_t began_us = clock_monotonic_us();
		fine = write(fd, piece, sizeof piece) == (ssize_t)sizeof piece && fdatasync(fd) == 0;
		took_us[i] = clock_monotonic_us() - began_us;
	}
	int why = errno;
	if (fd >= 0)
		close(fd);
	(void)unlink(path);
	if (!fine) {
		said_fault(d->ctx, doctor_add(d, "sync", true), 0, why,
		    "The disk of %s does not take what is written: %s. Look at its space, its rights and how it is mounted.",
		    "%s 所在磁盘无法写入：%s。请检查剩余空间、权限和挂载方式。", d->config->house.data_dir);
		return;
	}
	qsort(took_us, SYNCS, sizeof *took_us, compare_times);
	double median = (double)took_us[SYNCS / 2] / 1000, worst = (double)took_us[SYNCS - 1] / 1000;
	bool slow = took_us[SYNCS / 2] > SYNC_SLOW_US;
	said_set(d->ctx, doctor_add(d, "sync", slow), 0,
	    slow ? "A sync of the disk takes %.1f ms (worst %.1f ms): every lead waits so long. Use a faster disk."
		 : "A sync of the disk takes %.1f ms (worst %.1f ms)",
	    slow ? "一次落盘要 %.1f 毫秒（最慢 %.1f 毫秒），每条线索都要等这么久。请换更快的磁盘。"
		 : "一次落盘 %.1f 毫秒（最慢 %.1f 毫秒）", median, worst);
}

static void look_at_open_files(Doctor *d)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	bool few = limit.rlim_max != RLIM_INFINITY && limit.rlim_max < FILES_WANTED;
	said_set(d->ctx, doctor_note(d, "open_files", few), 0,
	    few ? "Up to %lld files may be open; for %d connections at once set LimitNOFILE=%d"
		: "Up to %lld files may be open; %d connections at once need %d",
	    few ? "最多可打开 %lld 个文件；要同时接 %d 个连接，请设置 LimitNOFILE=%d" : "最多可打开 %lld 个文件；同时 %d 个连接需要 %d 个",
	    (long long)limit.rlim_max, LIMIT_HTTP_CONNECTIONS, FILES_WANTED);
}

static void look_at_clock(Doctor *d)
{
	struct timex clock = {0};
	int64_t now_ms = clock_real_ms();
	int state = adjtimex(&clock);
	if (now_ms < YEAR_2025_MS)
		said_set(d->ctx, doctor_add(d, "clock", true), 0,
		    "The clock of the machine is wrong by years. Set it, and run a time service.",
		    "机器时钟差了几年。请校准，并启用时间同步服务。");
	else if (state < 0)
		said_fault(d->ctx, doctor_note(d, "clock", true), 0, errno,
		    "%s cannot be asked whether the clock is synchronised: %s",
		    "无法向 %s 查询时钟是否已同步：%s", "adjtimex");
	else if (state == TIME_ERROR || (clock.status & STA_UNSYNC))
		said_set(d->ctx, doctor_note(d, "clock", true), 0,
		    "The clock is not known to be synchronised; countdowns follow it. Run systemd-timesyncd or chrony.",
		    "时钟没有同步；倒计时以它为准。请启用 systemd-timesyncd 或 chrony。");
	else
		said_set(d->ctx, doctor_add(d, "clock", false), 0, "The clock is synchronised", "时钟已同步");
}

/* Keys that others can read protect nothing. */
static void look_at_keys(Doctor *d)
{
	char **files = NULL;
	size_t n = 0, open_keys = 0;
	if (!tree_list(d->ctx, d->config->house.data_dir, &files, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		size_t len = strlen(files[i]);
		char *path = talloc_asprintf(d->ctx, "%s/%s", d->config->house.data_dir, files[i]);
		if (strchr(files[i], '/') || len < 5 || strcmp(files[i] + len - 4, ".key") != 0 || stat(path, &st) < 0 ||
		    !(st.st_mode & 077))
			continue;
		open_keys++;
		said_set(d->ctx, doctor_add(d, "key", true), 0, "The key %s can be read by others. Run: chmod 600 %s",
		    "密钥 %s 可被他人读取。请执行：chmod 600 %s", files[i], path);
	}
	if (open_keys == 0)
		said_set(d->ctx, doctor_add(d, "key", false), 0, "No key is open to others", "没有密钥对他人可读");
}

/* ADDR:PORT of IPv4; anything else is left to serve. */
static void look_at_port(Doctor *d)
{
	const char *listen_at = d->config->listen, *colon = listen_at ? strrchr(listen_at, ':') : NULL;
	if (!colon || d->serves)
		return;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10))};
	char *host = talloc_strndup(d->ctx, listen_at, (size_t)(colon - listen_at));
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	bool free_port = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (free_port)
		said_set(d->ctx, doctor_add(d, "port", false), 0, "The port of %s is free", "端口 %s 可用", listen_at);
	else
		said_fault(d->ctx, doctor_add(d, "port", true), 0, why,
		    "%s cannot be listened on: %s. Name another port with --listen.",
		    "无法监听 %s：%s。请用 --listen 指定其他端口。", listen_at);
}

static bool backup_place_read(void *arg, const char *const *cells, int n)
{
	Doctor *d = arg;
	JsonFault fault;
	json_t *kept = n == 1 && cells[0] ? json_parse(d->ctx, cells[0], strlen(cells[0]), &fault) : NULL;
	const char *folder = kept ? json_text(kept, "folder") : NULL;
	if (folder && *folder)
		d->backups = folder;
	return false;
}

/* A folder that cannot be written is what is to be mended first: opening a database writes. */
static void look_failed(Doctor *d, const char *why)
{
	const char *reason = talloc_strndup(d->ctx, why, strcspn(why, "\n")), *dir = d->config->house.data_dir;
	Said *said = doctor_add(d, "database", true);
	if (d->config->house.database)
		said_set(d->ctx, said, 0, "The database does not answer: %s. See that PostgreSQL runs and that the address "
			"after --database is right.", "数据库没有应答：%s。请确认 PostgreSQL 正在运行、--database 的地址正确。", reason);
	else if (access(dir, W_OK) < 0)
		said_set(d->ctx, said, 0, "The database does not answer: %s. See to the data folder first.",
			"数据库没有应答：%s。请先处理数据文件夹的问题。", reason);
	else
		said_set(d->ctx, said, 0, "The database does not answer: %s. If the file is damaged, put back the newest "
			"backup: tenon restore --from BACKUP --data %s --force",
			"数据库没有应答：%s。如果文件已损坏，请恢复最近的备份：tenon restore --from 备份 --data %s --force", reason, dir);
}

static void look_at_database(Doctor *d)
{
	char *error = NULL;
	InspectConfig config = house_inspection(d->ctx, &d->config->house);
	if (!config.database && !file_exists(config.records)) {
		said_set(d->ctx, doctor_add(d, "database", false), 0, "There is no data yet", "还没有数据");
		return;
	}
	Said missing = {0};
	if (house_lacks_receipts(d->ctx, &d->config->house, &missing))
		*doctor_add(d, "receipts", true) = missing;
	if (!file_exists(config.receipts))
		config.receipts = NULL;
	int64_t began_us = clock_monotonic_us(), people;
	Inspection *look = inspect_open(d->ctx, &config, &error);
	int r = look ? inspect_number(look, "SELECT count(*) FROM person", &people) : ERR_STORE;
	double took = (double)(clock_monotonic_us() - began_us) / 1000;
	if (r == 0)
		said_set(d->ctx, doctor_add(d, "database", false), 0, "The database answers in %.1f ms", "数据库 %.1f 毫秒应答", took);
	else
		look_failed(d, error ? error : inspect_error(look));
	static const char backups[] = "SELECT value FROM care_setting WHERE name = '" CARE_SETTINGS_NAME "'";
	if (r == 0 && inspect_rows(look, backups, backup_place_read, d) < 0)
		d->backups = NULL; /* a house of an older version keeps none */
	inspect_close(look);
}

static void look_at_proxy(Doctor *d)
{
	const char *url = d->config->public_url;
	if (!url && d->channels > 0)
		said_set(d->ctx, doctor_add(d, "public_url", true), 0,
		    "Channels are on (%d), but no public address is named: their messages have no link. Start tenon with "
		    "--public-url (and name it here too).",
		    "已启用 %d 个渠道，但没有指定对外地址，消息里没有链接。请用 --public-url 启动 tenon（检查时也要带上）。", d->channels);
	else if (!url)
		said_set(d->ctx, doctor_note(d, "public_url", true), 0,
		    "No public address is named (--public-url): links and the widget then use the address of the request",
		    "没有指定对外地址（--public-url）：链接和表单组件会使用请求时的地址");
	else if (strncmp(url, "https://", 8) != 0)
		said_set(d->ctx, doctor_add(d, "public_url", true), 0,
		    "The public address %s is not https: passwords travel in the open. Put Caddy or nginx before it.",
		    "对外地址 %s 不是 https，密码会明文传输。请在前面放 Caddy 或 nginx。", url);
	else
		said_set(d->ctx, doctor_add(d, "public_url", false), 0, "The public address is %s", "对外地址是 %s", url);
}

static void say(void *arg, const char *check, bool serious, const char *en, const char *zh)
{
	Doctor *d = arg;
	*doctor_add(d, check, serious) = (Said){.en = talloc_strdup(d->ctx, en), .zh = talloc_strdup(d->ctx, zh)};
}

static void look_from_outside(Doctor *d)
{
	if (d->config->asks && d->config->public_url && d->serves)
		doctor_proxy(d->ctx, d->config, say, d);
}

static void look_at_backups(Doctor *d)
{
	Backup *list;
	size_t n;
	const char *folder = d->backups ? d->backups : talloc_asprintf(d->ctx, "%s/backups", d->config->house.data_dir);
	backup_list(d->ctx, folder, &list, &n);
	if (n == 0) {
		said_set(d->ctx, doctor_note(d, "backup", true), 0, "There is no backup in %s", "%s 里还没有备份", folder);
		return;
	}
	int64_t age_ms = clock_real_ms() - list[0].made_ms;
	bool bad = list[0].checked_ms && !list[0].check_good, old = age_ms > BACKUP_OLD_MS;
	said_set(d->ctx, doctor_add(d, "backup", bad || old), 0,
	    bad   ? "The newest backup %s did not pass its check (%lld h old)"
	    : old ? "The newest backup %s is %lld h old"
		  : "The newest backup is %s, %lld h old",
	    bad   ? "最新备份 %s 没有通过检查（%lld 小时前）"
	    : old ? "最新备份 %s 已是 %lld 小时前"
		  : "最新备份是 %s，%lld 小时前", list[0].name, (long long)(age_ms / HOUR_MS));
}

void doctor_run(TALLOC_CTX *ctx, const DoctorConfig *config, Finding **ret, size_t *ret_n)
{
	Doctor d = {.ctx = ctx, .config = config};
	if (look_at_folder(&d)) {
		look_at_disk(&d);
		look_at_syncs(&d);
	}
	look_at_open_files(&d);
	look_at_clock(&d);
	look_at_keys(&d);
	look_at_port(&d);
	look_at_database(&d);
	doctor_partners(&d);
	look_at_proxy(&d);
	look_from_outside(&d);
	look_at_backups(&d);
	*ret = d.list;
	*ret_n = d.n;
}

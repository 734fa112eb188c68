/* Puts /metrics together on a worker thread, because modules may ask the database. */
#include "api/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/answer.h"
#include "base/limits.h"
#include "call/gate.h"
#include "event/hub.h"
#include "store/store.h"

#define METRICS_BYTES_MAX (4 * 1024 * 1024)

typedef struct {
	Dispatch *dispatch;
	HttpRequest *request;
	Call *call; /* NULL: asked by the machine itself */
	const char *token;
} Asked;

static double memory_bytes(void)
{
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f && fscanf(f, "%ld %ld", &pages, &resident) != 2)
		resident = 0;
	if (f)
		(void)fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void)
{
	int n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n > 3 ? n - 3 : 0; /* . and .. and the folder itself */
}

static void write_files(const House *house, Buf *out)
{
	static const char *const names[] = {"tenon.db", "tenon.db-wal", "receipts.db", "receipts.db-wal"};
	if (store_is_postgres(house->store))
		return;
	metrics_head(out, "tenon_database_bytes", "gauge", "Size of the database files.");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct stat st;
		char *path = talloc_asprintf(NULL, "%s/%s", house->data_dir, names[i]);
		char *label = metrics_label(path, "file", names[i]);
		if (stat(path, &st) == 0)
			metrics_sample(out, "tenon_database_bytes", label, (double)st.st_size);
		talloc_free(path);
	}
}

static void write_house(const House *house, Buf *out)
{
	metrics_single(out, "tenon_live_streams", "gauge", "Open live streams.", hub_count(house->hub));
	metrics_single(out, "tenon_store_backlog", "gauge", "Writing jobs that wait.", store_backlog(house->store));
	metrics_single(out, "process_resident_memory_bytes", "gauge", "Memory of the process.", memory_bytes());
	metrics_single(out, "process_open_fds", "gauge", "Open files and sockets.", open_files());
	metrics_head(out, "tenon_commit_seconds", "histogram", "How long COMMITs of the records took.");
	metrics_histogram(out, "tenon_commit_seconds", "", store_commits(house->store), &histogram_latency);
	metrics_head(out, "tenon_batch_jobs", "histogram", "Writing jobs made durable by one COMMIT of the records.");
	metrics_histogram(out, "tenon_batch_jobs", "", store_batches(house->store), &histogram_sizes);
	write_files(house, out);
}

static int asked_identify(Tx *tx, void *arg)
{
	Asked *a = arg;
	call_reset(a->call);
	a->call->tx = tx;
	int r = gate_identify(a->call, a->token);
	return r < 0 ? r : gate_check(a->call, "system.manage");
}

static void answer(void *arg)
{
	Asked *a = arg;
	House *house = a->dispatch->house;
	int r = a->call ? store_read_wait(house->store, asked_identify, a) : 0;
	if (r < 0) {
		answer_call(a->request, a->call, r);
		talloc_free(a);
		return;
	}
	Buf *out = buf_new(a, METRICS_BYTES_MAX);
	write_house(house, out);
	meter_write(a->dispatch->meter, out);
	for (const Module *const *m = house->modules; *m; m++)
		if ((*m)->measure)
			(*m)->measure(house, out);
	http_respond(a->request, 200, "text/plain; version=0.0.4; charset=utf-8", (HttpHeader[]){{0}}, out->data, out->len);
	talloc_free(a);
}

void metrics_request(Dispatch *dispatch, HttpRequest *request)
{
	Asked *a = talloc_zero(NULL, Asked);
	bool is_cookie;
	a->dispatch = dispatch;
	a->request = request;
	if (!http_is_local(request)) {
		a->call = call_new(a, dispatch->house, NULL);
		a->call->lang = answer_language(request);
		a->token = talloc_strdup(a, dispatch_token(request, &is_cookie));
	}
	if (workers_run(dispatch->workers, answer, a))
		return;
	answer_problem(request, ERR_BUSY, "busy", answer_language(request), "The server is busy.", "服务器正忙。");
	talloc_free(a);
}

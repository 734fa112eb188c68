/* tenon: reads the command line and runs one command. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "api/clock_file.h"
#include "api/server.h"
#include "app/advice.h"
#include "app/care.h"
#include "app/clock_mark.h"
#include "app/options.h"
#include "app/workspace.h"
#include "base/log.h"
#include "call/secret.h"
#include "app/demo/demo.h"
#include "app/import_file.h"

extern const EmbeddedFile web_files[];

/* From this size on, a block is pages of its own for good: it grows by being remapped, and what it leaves goes back. By
 * itself the allocator would raise the limit with each large block that is freed, and cut holes into its heap. */
#define LARGE_BLOCK (4 * 1024 * 1024)

static int complain(const char *error)
{
	fprintf(stderr, "tenon: %s\n", error ? error : "it could not be done; the log above says why");
	return 1;
}

/* Blocks until somebody asks to stop; every other thread was started with the signals blocked. Meanwhile it marks how
 * far time has come. */
static void wait_for_stop(const sigset_t *signals, Workspace *w)
{
	static const struct timespec pause = {.tv_sec = CLOCK_MARK_S};
	int signal_number;
	do
		clock_mark_keep(&w->clock, w->house.data_dir);
	while ((signal_number = sigtimedwait(signals, NULL, &pause)) < 0);
	log_info("app", "stopping on signal %d", signal_number);
}

static int serve(const Options *o)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	char *error = NULL;
	Workspace *w = workspace_open(NULL, o, &error);
	if (!w)
		return complain(error);
	workspace_start(w);
	ApiConfig config = {
		.house = &w->house, .listen = o->listen, .proxies = (const char *const *)o->proxies, .web = web_files,
		.request_log = o->request_log};
	ApiFault fault = {0};
	ApiServer *server = api_start(w, &config, &fault);
	if (!server)
		return complain(advice_closed(w, o, &fault));
	printf("Tenon is ready on port %d\n", api_port(server));
	fflush(stdout);
	wait_for_stop(&signals, w);
	api_stop(server);
	clock_mark_keep(&w->clock, o->data_dir);
	if (o->test_clock)
		clock_file_save(&w->clock, o->data_dir);
	workspace_close(w);
	return 0;
}

static int demo(const Options *o)
{
	char *error = NULL;
	Workspace *w = workspace_open(NULL, o, &error);
	if (!w)
		return complain(error);
	bool filled = demo_fill(&w->house, o->admin_password_file, &error);
	if (!filled)
		complain(error);
	workspace_close(w);
	return filled ? 0 : 1;
}

static int rotate_key(const Options *o)
{
	char *error = NULL;
	int64_t n = 0;
	Workspace *w = workspace_open(NULL, o, &error);
	if (!w)
		return complain(error);
	bool rotated = secrets_rotate(&w->house, &n, &error);
	if (rotated)
		printf(o->lang == LANG_ZH ? "已用新的密钥重新加密 %lld 项。请重新备份 secret.key。\n"
			: "%lld secrets are sealed with a new key. Back secret.key up again.\n", (long long)n);
	else
		complain(error);
	workspace_close(w);
	return rotated ? 0 : 1;
}

static int run(const Options *o)
{
	static const struct {
		const char *name;
		int (*fn)(const Options *options);
	} commands[] = {{"serve", serve},           {"demo", demo},          {"import", import_file},
			{"backup", care_backup},   {"restore", care_restore}, {"verify", care_verify},
			{"doctor", care_doctor},   {"rotate-key", rotate_key}};
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(o->command, commands[i].name) == 0)
			return commands[i].fn(o);
	puts("tenon " TENON_VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	TALLOC_CTX *ctx = talloc_new(NULL);
	Options options;
	if (sodium_init() < 0)
		return complain("the cryptography library did not start");
	if (!options_parse(ctx, argc, argv, &options)) {
		talloc_free(ctx);
		return 2;
	}
	int status = 0;
	if (options.help)
		options_help();
	else
		status = run(&options);
	talloc_free(ctx);
	return status;
}

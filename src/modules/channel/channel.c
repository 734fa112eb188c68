/* The room's card. */
#include "modules/channel/channel_int.h"

static int count_waiting(Tx *tx, void *arg)
{
	return db_int(tx, arg, "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state <= 1 LIMIT 10000) AS waiting");
}

static void channel_measure(House *house, Buf *out)
{
	int64_t waiting;
	if (store_read_wait(house->store, count_waiting, &waiting) == 0)
		metrics_single(out, "tenon_outbox_waiting", "gauge", "Messages not sent yet, counted up to 10000.",
		               (double)waiting);
}

const Module channel_module = {
	.name = "channel",
	.endpoints = channel_endpoints,
	.timers = channel_timers,
	.migrations = channel_migrations,
	.start = post_start,
	.run = post_run,
	.stop = post_stop,
	.measure = channel_measure,
};

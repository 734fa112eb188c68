/* The room's card. */
#include "modules/channel/channel_int.h"

const Module channel_module = {
	.name = "channel",
	.endpoints = channel_endpoints,
	.timers = channel_timers,
	.migrations = channel_migrations,
	.start = post_start,
	.run = post_run,
	.stop = post_stop,
};

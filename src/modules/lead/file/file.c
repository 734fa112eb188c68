/* The card of the files. */
#include "modules/lead/file/file_int.h"

static int file_start(House *house)
{
	attach_watch(house);
	return content_begin(house->data_dir);
}

const Module file_module = {.name = "file", .endpoints = file_endpoints, .start = file_start};

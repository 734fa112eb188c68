/* What the files of this room share. */
#pragma once

#include "call/module.h"
#include "modules/lead/file/attach.h"

/* Hooks: who may delete, and what open screens hear. */
void attach_watch(House *house);

extern const Endpoint file_endpoints[];

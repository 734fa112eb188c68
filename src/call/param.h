/* Checks what came with a request against the Param table of its endpoint. */
#pragma once

#include "call/module.h"

/* Gives the decoded text of a path or query parameter, or NULL when it is absent. */
typedef const char *(*ParamFind)(void *arg, ParamPlace place, const char *name);

/* Fills c->params (and c->body for PARAM_BODY); every fault is added to the call, all at once. params NULL: the
 * endpoint takes none. body: the parsed JSON body, or NULL when there was none; it must be an object. Members that
 * the table does not name are faults ("unknown_parameter") unless it has a PARAM_BODY. Texts of the path and the
 * query are read by the type of the Param: integers, true/false, ids, times, comma-separated ids, JSON text. Body
 * values must have the JSON type itself; null counts as absent. Texts are valid UTF-8 without control characters
 * but tab and line ends. Returns 0 or ERR_INVALID. */
NODISCARD int param_check(Call *c, const Param *params, const json_t *body, ParamFind find, void *arg);

/* The demo company: a believable maker of automation equipment to look around in. Everything is dated relative to now.
 */
#pragma once

#include "call/house.h"

/* Fills an empty house; the people get the administrator's password. False and a sentence in *ret_error when it is not
 * empty or cannot be written. */
NODISCARD bool demo_fill(House *house, const char *password_file, char **ret_error);

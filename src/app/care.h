/* The commands that care for a house from outside: each returns the exit code - 0 done and all well, 1 not done, or
 * something was found - and tells on standard output what was done, on standard error what is wrong. */
#pragma once

#include "app/options.h"

int care_backup(const Options *options);
int care_restore(const Options *options);
int care_verify(const Options *options);
int care_doctor(const Options *options);

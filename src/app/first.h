/* First use of a data folder: the administrator, with the password of a file or one that is made and shown once. */
#pragma once

#include "call/house.h"

/* Makes the user `admin` if there is none; gives it the password in the file when a file is named. */
NODISCARD bool first_people(House *house, const char *password_file, char **ret_error);

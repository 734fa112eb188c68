#include "store/store_int.h"
static int pg_open(Store *store, char **ret_error)
{
	*ret_error = talloc_strdup(store, "PostgreSQL is not available in this build.");
	return ERR_STORE;
}
const Engine engine_postgres = {.postgres = true, .open = pg_open};

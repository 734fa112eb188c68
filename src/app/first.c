/* The administrator is made once; a named password file always wins, so that nobody is locked out of their own house.
 */
#include "app/first.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "call/gate.h"
#include "record/record.h"
#include "store/store.h"

#define PASSWORD_MAX 200

typedef struct {
	House *house;
	char password[PASSWORD_MAX + 1];
	char hash[128];
	bool must_change;
	Id admin;       /* nil: there is none yet */
	char kept[128]; /* hash in force, "" if none */
} First;

static bool password_read(const char *path, First *f, char **ret_error)
{
	FILE *file = fopen(path, "re");
	if (!file) {
		*ret_error = talloc_asprintf(NULL, "The password file %s cannot be read: %s", path, strerror(errno));
		return false;
	}
	size_t n = fread(f->password, 1, PASSWORD_MAX, file);
	fclose(file);
	f->password[n] = '\0';
	f->password[strcspn(f->password, "\r\n")] = '\0';
	if (strlen(f->password) >= 8)
		return true;
	*ret_error = talloc_asprintf(NULL, "The password in %s is shorter than 8 characters.", path);
	return false;
}

static int admin_find(Tx *tx, void *arg)
{
	First *f = arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT p.id, k.hash FROM person p LEFT JOIN credential k ON k.person = p.id WHERE p.login = $1",
	                 value_text("admin"));
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		f->admin = rows_id(rows, 0);
		snprintf(f->kept, sizeof f->kept, "%s", rows_text(rows, 1) ? rows_text(rows, 1) : "");
	}
	return rows_error(rows);
}

static int admin_make(Call *c, Id *ret)
{
	Record *user = record_new(c, meta_object_of(c, "user"));
	record_set_text(user, "name", "系统管理员");
	record_set_text(user, "login", "admin");
	record_set_text(user, "role", "administrator");
	int r = record_create(c, user, RECORD_AS_HOUSE);
	*ret = record_id(user);
	return r;
}

static int admin_write(Tx *tx, void *arg)
{
	First *f = arg;
	Call *c = call_new_system(tx_mem(tx), f->house, tx, "first start");
	Id admin = f->admin;
	int r = id_is_nil(admin) ? admin_make(c, &admin) : 0;
	return r < 0 ? r : gate_password_set(c, admin, f->hash, f->must_change);
}

/* The first password when no file was named: shown once, and to be changed at the first sign-in. */
static void password_invent(First *f)
{
	char token[44];
	random_token(token);
	snprintf(f->password, sizeof f->password, "%.16s", token);
	f->must_change = true;
}

bool first_people(House *house, const char *password_file, char **ret_error)
{
	First f = {.house = house};
	if (password_file && !password_read(password_file, &f, ret_error))
		return false;
	int r = store_read_wait(house->store, admin_find, &f);
	bool wanted = id_is_nil(f.admin) || !f.kept[0] || (password_file && !gate_password_matches(f.kept, f.password));
	if (r == 0 && !wanted)
		return true;
	if (!password_file)
		password_invent(&f);
	if (r == 0)
		r = gate_password_hash(f.password, f.hash);
	if (r == 0)
		r = store_write_wait(house->store, admin_write, &f);
	if (r < 0)
		*ret_error = talloc_strdup(NULL, "The administrator could not be written to the database.");
	else if (!password_file)
		printf("First sign-in: user admin, password %s (to be changed then)\n", f.password);
	return r == 0;
}

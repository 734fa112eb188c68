/* Rows in the order of a key: they are copied one after the other into a file without a name, and only where each one
 * begins is sorted. */
#include "sheet/order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os_fault.h"

#define FIRST_CAP 4096
#define READ_FIRST 2048 /* bytes asked for at once: most rows are shorter */

typedef struct {
	int64_t key;
	int64_t at; /* of the row in the file: ascends as rows do */
} Place;

/* Before the cells of a row, each ended by a zero byte. The file never outlives the process: a fault is a pointer. */
typedef struct {
	int64_t number;
	const char *fault;
	uint32_t n, bytes;
} RowHead;

struct SheetOrder {
	FILE *file;
	Place *place;
	size_t n, cap, next;
	int64_t end;
	char *row; /* the one given last: its head and its cells */
	size_t row_cap;
	const char *cell[SHEET_CELLS_MAX];
};

int sheet_is_ordered(Sheet *sheet, SheetKey key, void *arg, SheetFault *ret_fault)
{
	SheetRow row;
	int64_t last = INT64_MIN, is;
	int r;
	while ((r = sheet_next(sheet, &row, ret_fault)) == 1) {
		if (!key(&row, arg, &is))
			return ERR_STALE;
		if (is < last)
			return 0;
		last = is;
	}
	return r < 0 ? r : 1;
}

/* ---- writing ---- */

static int order_free(SheetOrder *order)
{
	if (order->file)
		fclose(order->file);
	return 0;
}

static FILE *nameless_file(const char *folder)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/rows-XXXXXX", folder) >= (int)sizeof path)
		return NULL;
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	(void)unlink(path);
	FILE *file = fdopen(fd, "w+");
	if (!file)
		close(fd);
	return file;
}

static int disk_err(void)
{
	return is_disk_full(errno) ? ERR_FULL : ERR_STORE;
}

static bool row_write(SheetOrder *order, const SheetRow *row)
{
	RowHead head = {.number = row->number, .fault = row->fault, .n = (uint32_t)row->n};
	for (int i = 0; i < row->n; i++)
		head.bytes += (uint32_t)strlen(row->cell[i]) + 1;
	bool good = fwrite(&head, sizeof head, 1, order->file) == 1;
	for (int i = 0; good && i < row->n; i++)
		good = fwrite(row->cell[i], strlen(row->cell[i]) + 1, 1, order->file) == 1;
	order->end += (int64_t)(sizeof head + head.bytes);
	return good;
}

static void place_add(SheetOrder *order, int64_t key)
{
	if (order->n == order->cap) {
		order->cap = order->cap ? order->cap + order->cap / 2 : FIRST_CAP;
		order->place = talloc_realloc(order, order->place, Place, (unsigned)order->cap);
	}
	order->place[order->n++] = (Place){key, order->end};
}

static int place_compare(const void *a, const void *b)
{
	const Place *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int rows_collect(SheetOrder *order, Sheet *sheet, SheetKey key, void *arg, SheetFault *ret_fault)
{
	SheetRow row;
	int64_t is;
	int r;
	while ((r = sheet_next(sheet, &row, ret_fault)) == 1) {
		if (!key(&row, arg, &is))
			return ERR_STALE;
		place_add(order, is);
		if (!row_write(order, &row))
			return disk_err();
	}
	if (r == 0 && fflush(order->file) != 0)
		r = disk_err();
	return r;
}

int sheet_order(TALLOC_CTX *ctx, Sheet *sheet, const char *folder, SheetKey key, void *arg, SheetOrder **ret,
                SheetFault *ret_fault)
{
	SheetOrder *order = talloc_zero(ctx, SheetOrder);
	talloc_set_destructor(order, order_free);
	order->file = nameless_file(folder);
	int r = order->file ? rows_collect(order, sheet, key, arg, ret_fault) : disk_err();
	if (r < 0) {
		talloc_free(order);
		return r;
	}
	if (order->n > 0) {
		order->place = talloc_realloc(order, order->place, Place, (unsigned)order->n);
		qsort(order->place, order->n, sizeof *order->place, place_compare);
	}
	*ret = order;
	return 0;
}

/* ---- reading ---- */

/* Fills the room from one place of the file on until that many bytes are there; have: how many are already. */
static bool bytes_read(SheetOrder *order, int64_t at, size_t *have, size_t need)
{
	while (*have < need) {
		ssize_t got = pread(fileno(order->file), order->row + *have, order->row_cap - *have, at + (int64_t)*have);
		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		*have += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static void row_room(SheetOrder *order, size_t size)
{
	if (order->row_cap >= size)
		return;
	order->row = talloc_realloc(order, order->row, char, (unsigned)size);
	order->row_cap = size;
}

int sheet_order_next(SheetOrder *order, SheetRow *ret)
{
	RowHead head;
	if (order->next == order->n)
		return 0;
	int64_t at = order->place[order->next++].at;
	size_t have = 0;
	row_room(order, READ_FIRST);
	if (!bytes_read(order, at, &have, sizeof head))
		return ERR_STORE;
	memcpy(&head, order->row, sizeof head);
	size_t size = sizeof head + head.bytes;
	row_room(order, size);
	if (!bytes_read(order, at, &have, size))
		return ERR_STORE;
	const char *cell = order->row + sizeof head;
	for (uint32_t i = 0; i < head.n; i++, cell += strlen(cell) + 1)
		order->cell[i] = cell;
	*ret = (SheetRow){.cell = order->cell, .n = (int)head.n, .number = head.number, .fault = head.fault};
	return 1;
}

/* From the rows of a file to receipts, as if each row had been sent to its source: the body is JSON with the fields'
 * own words, what belongs to no field keeps its header. Pure but for the file. */
#include "modules/lead/import/import_int.h"

#include <string.h>

#include "base/limits.h"
#include "modules/lead/intake/reason.h"
#include "modules/lead/intake/understand.h"
#include "sheet/order.h"

struct ImportRows {
	Sheet *sheet;
	SheetOrder *order; /* or NULL: as they stand in the file */
	int64_t given;
	const Import *import;
	const char *source_key;
	ImportColumn *column;
	const char **key; /* under which a column that is no field is kept */
	int n;
	bool has_header;
	GHashTable *people; /* login or name -> ImportPerson; NULL: several have it */
	GTimeZone *zone;
	int64_t now_ms;
};

/* ---- the head of a file ---- */

typedef struct {
	SheetInfo info;
	const char **row[IMPORT_SAMPLE_ROWS];
	int cells[IMPORT_SAMPLE_ROWS], n_rows, n; /* n: columns */
	bool has_header;
	const char **header, **guess;
} Head;

static const char *head_cell(const Head *head, int row, int column)
{
	return column < head->cells[row] ? head->row[row][column] : "";
}

/* A second column of the same meaning is kept beside; of phones and mails the first that is filled counts. */
static const char *guess_once(const Head *head, int column, const char *guess)
{
	bool may_repeat = strcmp(guess, "phone") == 0 || strcmp(guess, "email") == 0;
	for (int i = 0; i < column && !may_repeat; i++)
		if (strcmp(head->guess[i], guess) == 0)
			return "extra";
	return guess;
}

static void head_guess(TALLOC_CTX *ctx, Head *head)
{
	int first = head->has_header;
	head->header = talloc_array(ctx, const char *, head->n + 1);
	head->guess = talloc_array(ctx, const char *, head->n + 1);
	for (int i = 0; i < head->n; i++) {
		const char *below[IMPORT_SAMPLE_ROWS];
		for (int r = first; r < head->n_rows; r++)
			below[r - first] = head_cell(head, r, i);
		head->header[i] = head->has_header ? head_cell(head, 0, i) : "";
		head->guess[i] = guess_once(head, i, column_guess(ctx, head->header[i], below, (size_t)(head->n_rows - first)));
	}
}

static const SheetFault no_rows = {"no_rows", "The file has no rows.", "文件中没有数据行。"};

static bool head_read(TALLOC_CTX *ctx, const char *path, Head *head, SheetFault *ret_fault)
{
	SheetRow row;
	int r = 0;
	Sheet *sheet = sheet_open(ctx, path, ret_fault);
	*head = (Head){0};
	if (!sheet)
		return false;
	head->info = *sheet_info(sheet);
	while (head->n_rows < IMPORT_SAMPLE_ROWS && (r = sheet_next(sheet, &row, ret_fault)) == 1) {
		const char **copy = talloc_array(ctx, const char *, row.n + 1);
		for (int i = 0; i < row.n; i++)
			copy[i] = talloc_strdup(copy, row.cell[i]);
		head->n = row.n > head->n ? row.n : head->n;
		head->cells[head->n_rows] = row.n;
		head->row[head->n_rows++] = copy;
	}
	talloc_free(sheet);
	if (r == 0 && head->n_rows == 0)
		*ret_fault = no_rows;
	if (r < 0 || head->n_rows == 0)
		return false;
	head->has_header = columns_are_header(ctx, head->row[0], head->cells[0]);
	head_guess(ctx, head);
	return true;
}

bool table_look(TALLOC_CTX *ctx, const char *path, JsonOut *o, SheetFault *ret_fault)
{
	Head head;
	char separator[2] = {0};
	if (!head_read(ctx, path, &head, ret_fault))
		return false;
	separator[0] = head.info.separator;
	json_member_text(o, "format", head.info.format);
	json_member_text(o, "encoding", head.info.encoding);
	json_member_text(o, "separator", *separator ? separator : NULL);
	json_member_bool(o, "has_header", head.has_header);
	json_key(o, "columns");
	json_array_begin(o);
	for (int i = 0; i < head.n; i++) {
		json_object_begin(o);
		json_member_text(o, "header", head.header[i]);
		json_member_text(o, "guess", head.guess[i]);
		json_key(o, "samples");
		json_array_begin(o);
		for (int r = head.has_header; r < head.n_rows && r < 5; r++)
			json_put_text(o, head_cell(&head, r, i));
		json_array_end(o);
		json_object_end(o);
	}
	json_array_end(o);
	return true;
}

/* ---- opening ---- */

static bool key_is_free(const ImportRows *rows, int column, const char *key)
{
	for (int i = 0; i < column; i++)
		if (strcmp(rows->key[i], key) == 0)
			return false;
	return *key && !enquiry_field(rows->key, key) && strcmp(key, "body") != 0;
}

/* The fields as the person chose them, else as guessed; what is not named is kept. */
static void columns_set(ImportRows *rows, const Head *head)
{
	JsonFault fault;
	const char *text = rows->import->columns;
	const json_t *chosen = text ? json_parse(rows, text, strlen(text), &fault) : NULL;
	rows->n = head->n;
	rows->column = talloc_array(rows, ImportColumn, head->n + 1);
	rows->key = talloc_array(rows, const char *, head->n + 1);
	for (int i = 0; i < head->n; i++) {
		const char *choice = json_string_value(json_array_get(chosen, (size_t)i));
		const char *header = talloc_strdup(rows, head->header[i]);
		rows->column[i] = (ImportColumn){header, chosen ? (choice ? choice : "extra") : head->guess[i]};
		rows->key[i] = key_is_free(rows, i, header) ? header : talloc_asprintf(rows, "%s (%d)", header, i + 1);
	}
}

static void owner_add(ImportRows *rows, const char *word, const ImportPerson *person)
{
	if (!word || !*word)
		return;
	bool is_taken = g_hash_table_contains(rows->people, word);
	g_hash_table_insert(rows->people, (gpointer)word, is_taken ? NULL : (gpointer)person);
}

/* At the first row behind the header. */
static bool sheet_begin(ImportRows *rows, SheetFault *ret_fault)
{
	SheetRow header;
	talloc_free(rows->sheet);
	rows->sheet = sheet_open(rows, rows->import->path, ret_fault);
	return rows->sheet && (!rows->has_header || sheet_next(rows->sheet, &header, ret_fault) >= 0);
}

static int rows_free(ImportRows *rows)
{
	g_hash_table_destroy(rows->people);
	return 0;
}

ImportRows *table_open(TALLOC_CTX *ctx, const Import *import, const char *source_key, const ImportPerson *people,
                       size_t n_people, GTimeZone *zone, int64_t now_ms, SheetFault *ret_fault)
{
	Head head;
	ImportRows *rows = talloc_zero(ctx, ImportRows);
	rows->import = import;
	rows->source_key = source_key;
	rows->zone = zone;
	rows->now_ms = now_ms;
	rows->people = g_hash_table_new(g_str_hash, g_str_equal);
	talloc_set_destructor(rows, rows_free);
	for (size_t i = 0; i < n_people; i++) {
		owner_add(rows, people[i].login, &people[i]);
		if (g_strcmp0(people[i].name, people[i].login) != 0)
			owner_add(rows, people[i].name, &people[i]);
	}
	if (head_read(rows, import->path, &head, ret_fault)) {
		columns_set(rows, &head);
		rows->has_header = head.has_header;
		if (sheet_begin(rows, ret_fault))
			return rows;
	}
	talloc_free(rows);
	return NULL;
}

const SheetInfo *table_info(const ImportRows *rows)
{
	return sheet_info(rows->sheet);
}

/* ---- one row ---- */

/* The import's own id with the place of the row in it, counted as rows go in: the same row always makes the same
 * receipt, and receipts ascend. */
static Id receipt_id(Id import, int64_t place)
{
	Id id = import;
	id.byte[6] = (uint8_t)(0x70 | (place >> 24 & 0xF));
	id.byte[7] = (uint8_t)(place >> 16);
	id.byte[9] = (uint8_t)(place >> 8);
	id.byte[10] = (uint8_t)place;
	return id;
}

static void row_refuse(ImportRow *row, const char *reason, const char *detail)
{
	if (row->receipt.state == RECEIPT_QUARANTINED)
		return;
	row->receipt.state = RECEIPT_QUARANTINED;
	row->receipt.reason = reason;
	row->receipt.detail = detail;
}

static void time_read(const ImportRows *rows, TALLOC_CTX *ctx, const char *cell, ImportRow *row)
{
	int64_t at;
	bool is_time = import_time(rows->zone, cell, &at);
	if (is_time && at >= 0 && at <= rows->now_ms + DAY_MS)
		row->receipt.at = at;
	else
		row_refuse(row, "bad_time", reason_argument(ctx, cell));
}

static void owner_read(const ImportRows *rows, TALLOC_CTX *ctx, const char *cell, ImportRow *row)
{
	const ImportPerson *person = g_hash_table_lookup(rows->people, cell);
	if (person)
		row->owner = person->id;
	else
		row_refuse(row, "unknown_owner", reason_argument(ctx, cell));
}

/* One cell into the body; a field that was filled already keeps what it has. */
static void cell_put(const ImportRows *rows, TALLOC_CTX *ctx, int i, const char *cell, ImportRow *row, bool *filled,
                     JsonOut *o)
{
	const char *field = rows->column[i].field;
	bool keeps_owner = strcmp(rows->import->way, "owner") == 0;
	if (!*field)
		return;
	if (strcmp(field, "at") == 0)
		time_read(rows, ctx, cell, row);
	else if (strcmp(field, "owner") == 0 && keeps_owner)
		owner_read(rows, ctx, cell, row);
	else {
		bool is_field = strcmp(field, "extra") != 0 && strcmp(field, "owner") != 0;
		for (int k = 0; k < i && is_field; k++)
			is_field = !(filled[k] && strcmp(rows->column[k].field, field) == 0);
		filled[i] = is_field;
		json_member_text(o, is_field ? field : rows->key[i], cell);
	}
}

static char *cell_trimmed(TALLOC_CTX *ctx, const char *cell)
{
	static const char blanks[] = " \t\r\n";
	cell += strspn(cell, blanks);
	size_t n = strlen(cell);
	while (n > 0 && strchr(blanks, cell[n - 1]))
		n--;
	return n ? talloc_strndup(ctx, cell, n) : NULL;
}

/* The body as JSON, in mem; what its cells say beside goes to the row. */
static Buf *body_write(const ImportRows *rows, TALLOC_CTX *mem, TALLOC_CTX *ctx, const SheetRow *from, ImportRow *row)
{
	Buf *body = buf_new(mem, SHEET_ROW_MAX * 7);
	JsonOut o = json_out(body);
	bool filled[SHEET_CELLS_MAX] = {false};
	json_object_begin(&o);
	for (int i = 0; i < from->n && i < SHEET_CELLS_MAX; i++) {
		const char *cell = cell_trimmed(mem, from->cell[i]);
		if (cell && i < rows->n)
			cell_put(rows, ctx, i, cell, row, filled, &o);
		else if (cell) /* behind the last column that has a name: kept beside */
			json_member_text(&o, talloc_asprintf(mem, " (%d)", i + 1), cell);
	}
	json_object_end(&o);
	return body;
}

/* The body as it is kept, and what it says. */
static void body_read(TALLOC_CTX *mem, TALLOC_CTX *ctx, const Buf *body, ImportRow *row)
{
	Reading *reading = &row->reading;
	const char *detail = NULL;
	row->receipt.body = talloc_strndup(ctx, body->data, body->len);
	row->receipt.body_len = body->len;
	reading->is_clear = enquiry_read(mem, "application/json", body->data, body->len, NULL, &reading->enquiry,
	                                 &reading->reason, &detail);
	enquiry_move(ctx, &reading->enquiry);
	reading->detail = talloc_strdup(ctx, detail);
}

static int64_t place_of(const ImportRows *rows, const SheetRow *row)
{
	return rows->order ? rows->given : row->number;
}

static void row_read(const ImportRows *rows, TALLOC_CTX *ctx, const SheetRow *from, ImportRow *row)
{
	char id[ID_TEXT_SIZE];
	TALLOC_CTX *mem = talloc_new(NULL);
	*row = (ImportRow){.number = from->number};
	row->receipt = (Receipt){
		.id = receipt_id(rows->import->state.id, place_of(rows, from)),
		.at = rows->now_ms,
		.source = rows->import->source,
		.source_key = rows->source_key,
		.content_type = "application/json",
		.headers = talloc_asprintf(ctx, "{\"import\":\"%s\",\"row\":\"%lld\"}", id_text(rows->import->state.id, id),
	                               (long long)from->number),
		.state = RECEIPT_PENDING,
	};
	Buf *body = body_write(rows, mem, ctx, from, row);
	if (from->fault)
		row_refuse(row, from->fault, NULL);
	body_read(mem, ctx, body, row);
	talloc_free(mem);
}

int table_next(ImportRows *rows, TALLOC_CTX *ctx, ImportRow *ret, SheetFault *ret_fault)
{
	SheetRow row;
	int r = rows->order ? sheet_order_next(rows->order, &row) : sheet_next(rows->sheet, &row, ret_fault);
	rows->given += r == 1;
	if (r == 1)
		row_read(rows, ctx, &row, ret);
	return r;
}

/* ---- by their times ---- */

typedef struct {
	const ImportRows *rows;
	GTimeZone *zone; /* the same whatever the house says by now: a run that goes on must find the same order */
	bool (*go_on)(void *arg);
	void *arg;
} Sort;

static bool time_key(const SheetRow *row, void *arg, int64_t *ret)
{
	const Sort *sort = arg;
	const ImportRows *rows = sort->rows;
	TALLOC_CTX *mem = talloc_new(NULL);
	*ret = INT64_MAX;
	for (int i = 0; i < row->n && i < rows->n; i++) {
		int64_t at;
		const char *cell = strcmp(rows->column[i].field, "at") == 0 ? cell_trimmed(mem, row->cell[i]) : NULL;
		if (cell && import_time(sort->zone, cell, &at))
			*ret = at;
	}
	talloc_free(mem);
	return sort->go_on(sort->arg);
}

static bool has_times(const ImportRows *rows)
{
	for (int i = 0; i < rows->n; i++)
		if (strcmp(rows->column[i].field, "at") == 0)
			return true;
	return false;
}

static int sort_run(ImportRows *rows, const char *folder, Sort *sort, SheetFault *ret_fault)
{
	int is_ordered = sheet_is_ordered(rows->sheet, time_key, sort, ret_fault);
	if (is_ordered < 0)
		return is_ordered;
	if (!sheet_begin(rows, ret_fault))
		return ERR_INVALID;
	return is_ordered ? 0 : sheet_order(rows, rows->sheet, folder, time_key, sort, &rows->order, ret_fault);
}

int table_sort(ImportRows *rows, const char *folder, bool (*go_on)(void *arg), void *arg, SheetFault *ret_fault)
{
	if (!has_times(rows))
		return 0;
	Sort sort = {rows, g_time_zone_new_utc(), go_on, arg};
	int r = sort_run(rows, folder, &sort, ret_fault);
	g_time_zone_unref(sort.zone);
	return r;
}

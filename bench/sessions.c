/* Signs the people of a filled house in, for live.c, without the price of a password each: prints their tokens.
 *
 * Usage: sessions DIR N */
#include "base/random.h"
#include "bench/house.h"
#include "call/call_int.h"

#include <stdio.h>
#include <stdlib.h>

#define SESSIONS_MAX 10000

typedef struct {
	int wanted;
} Sessions;

static int sessions_make(Call *c, void *arg)
{
	const Sessions *s = arg;
	Id person[SESSIONS_MAX];
	int n = 0;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id FROM person WHERE role <> 'administrator' ORDER BY login LIMIT $1",
		value_int(s->wanted));
	while (r == 0 && rows_next(rows))
		person[n++] = rows_id(rows, 0);
	for (int i = 0; i < n && r == 0; i++) {
		char token[44];
		Identity who = {.user = person[i], .role = ROLE_SALESPERSON};
		random_token(token);
		r = gate_session_add(c, &who, token);
		puts(token);
	}
	return r;
}

int main(int argc, char **argv)
{
	Sessions s = {argc == 3 ? atoi(argv[2]) : 0};
	if (s.wanted < 1 || s.wanted > SESSIONS_MAX) {
		fprintf(stderr, "usage: sessions DIR N\n");
		return 2;
	}
	Workspace *w = house_open(argv[1], NULL);
	if (!w)
		return 1;
	house_write(&w->house, sessions_make, &s);
	workspace_close(w);
	return 0;
}

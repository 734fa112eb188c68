/* What the checks share: one run over one house. */
#pragma once

#include "modules/care/verify.h"

typedef struct Verify {
	TALLOC_CTX *ctx;
	Inspection *look;
	bool thorough;
	int64_t now_ms;
	Finding *list;
	size_t n;
	Buf *examples;
} Verify;

Finding *finding_add(Verify *v, const char *check, bool serious, int64_t count);
/* Files against the rows that name them (verify_files.c). */
NODISCARD int verify_files(Verify *v, const char *data_dir);

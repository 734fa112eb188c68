/* A look at the machine a house lives on: what will make trouble, before it does. */
#pragma once

#include "modules/care/backup.h"
#include "modules/care/verify.h"

typedef struct {
	HousePlace house;
	const char *listen;     /* the port that serve would take; NULL: not asked (a running house has it) */
	const char *public_url; /* or NULL */
} DoctorConfig;

/* A finding for everything that was looked at; those that are well are not serious. */
void doctor_run(TALLOC_CTX *ctx, const DoctorConfig *config, Finding **ret, size_t *ret_n);

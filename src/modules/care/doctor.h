/* A look at the machine a house lives on: what will make trouble, before it does. */
#pragma once

#include "modules/care/backup.h"
#include "modules/care/verify.h"

typedef struct {
	HousePlace house;
	const char *listen;     /* the port that serve would take; NULL: not asked (a running house has it) */
	const char *public_url; /* or NULL */
	int64_t now_ms;         /* business time */
	bool asks;              /* the public address is called, if a server runs here */
	/* The words of codes that channels of that kind keep (event/outside.h); NULL: those stay as they are. */
	const char *(*channel_said)(TALLOC_CTX *ctx, const char *kind, const char *code, Lang lang);
} DoctorConfig;

/* doctor_proxy.c: what a call of the public address finds, as sentences for `add`. */
typedef void (*DoctorSay)(void *arg, const char *check, bool serious, const char *en, const char *zh);
void doctor_proxy(TALLOC_CTX *ctx, const DoctorConfig *config, DoctorSay say, void *arg);

/* A finding for everything that was looked at; those that are well are not serious. */
void doctor_run(TALLOC_CTX *ctx, const DoctorConfig *config, Finding **ret, size_t *ret_n);

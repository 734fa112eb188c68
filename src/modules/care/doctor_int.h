/* What the files of the doctor share. */
#pragma once

#include "modules/care/doctor.h"

typedef struct {
	TALLOC_CTX *ctx;
	const DoctorConfig *config;
	Finding *list;
	size_t n;
	bool serves; /* a tenon holds the folder */
	const char *backups; /* the folder that the settings name, or NULL */
	int channels, failing; /* that are switched on, and of those in trouble */
} Doctor;

/* A finding, whose words are to be set. */
Said *doctor_add(Doctor *d, const char *check, bool serious);
/* One that is no trouble; note: worth knowing. */
Said *doctor_note(Doctor *d, const char *check, bool note);

/* doctor_partners.c: channels, outside services, and the secrets they are spoken to with. */
void doctor_partners(Doctor *d);
/* doctor_secrets.c: each sealed secret is tried with the key file; which do not open, and where they are entered. */
void doctor_secrets(Doctor *d, Inspection *look);

/* Forms with files: multipart/form-data sent to a source. Syncing files waits for the disk, so it is done on a thread
 * of its own, between the first checks and the receipt. */
#pragma once

#include "modules/lead/intake/delivery.h"

/* Reads the form: its fields become the JSON body of the receipt, its files are kept and noted there; what is
 * unwelcome is left out and noted. A form that cannot be read is quarantined with the beginning of its body. An Err:
 * the files could not be kept, and nothing was promised. */
NODISCARD int form_read(Delivery *d);
/* The way on of a delivery whose turn has come: form_read, then the receipt (capture.c). */
void capture_form(Delivery *d);

typedef struct Filer Filer;
Filer *filer_start(Intake *intake);
/* What waits is still done. */
void filer_stop(Filer *filer);
/* False: too much waits already (LIMIT_FILES_WAITING). */
NODISCARD bool filer_give(Filer *filer, Delivery *d);

/* One thread, one queue, bounded by the bytes that wait in it. */
#include <pthread.h>

#include "base/limits.h"
#include "modules/lead/intake/form.h"

typedef struct Waiting {
	Delivery *delivery;
	size_t bytes;
	struct Waiting *next;
} Waiting;

struct Filer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	Waiting *first, *last;
	size_t bytes; /* that wait or are being kept */
	bool stopping;
};

bool filer_give(Filer *f, Delivery *d)
{
	Waiting *w = talloc_zero(NULL, Waiting);
	w->delivery = d;
	(void)http_body(d->request, &w->bytes);
	pthread_mutex_lock(&f->lock);
	bool fits = f->bytes + w->bytes <= LIMIT_FILES_WAITING && !f->stopping;
	if (fits) {
		*(f->last ? &f->last->next : &f->first) = w;
		f->last = w;
		f->bytes += w->bytes;
		pthread_cond_signal(&f->wake);
	}
	pthread_mutex_unlock(&f->lock);
	if (!fits)
		talloc_free(w);
	return fits;
}

/* NULL: it is over, and nothing waits any more. */
static Waiting *next_wait(Filer *f)
{
	pthread_mutex_lock(&f->lock);
	while (!f->first && !f->stopping)
		pthread_cond_wait(&f->wake, &f->lock);
	Waiting *w = f->first;
	if (w && !(f->first = w->next))
		f->last = NULL;
	pthread_mutex_unlock(&f->lock);
	return w;
}

static void *filer_main(void *arg)
{
	Filer *f = arg;
	for (Waiting *w; (w = next_wait(f));) {
		capture_form(w->delivery);
		pthread_mutex_lock(&f->lock);
		f->bytes -= w->bytes;
		pthread_mutex_unlock(&f->lock);
		talloc_free(w);
	}
	return NULL;
}

Filer *filer_start(Intake *intake)
{
	Filer *f = talloc_zero(intake, Filer);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->wake, NULL);
	pthread_create(&f->thread, NULL, filer_main, f);
	return f;
}

void filer_stop(Filer *f)
{
	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
}

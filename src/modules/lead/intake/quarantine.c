/* News of quarantine. A flood of bad deliveries must not become a flood of events: screens only need to know that they
 * should look again. */
#include "base/log.h"
#include "modules/lead/intake/intake_int.h"
#include "record/record.h"

#define TELL_EVERY_MS SECOND_MS

typedef struct {
	House *house;
	const char *reason;
} News;

static int news_write(Tx *tx, void *arg)
{
	const News *news = arg;
	Call *c = call_new_system(tx_mem(tx), news->house, tx, "intake");
	Buf *data = buf_new(c, 1024);
	JsonOut o = json_out(data);
	json_object_begin(&o);
	json_member_text(&o, "reason", news->reason);
	json_object_end(&o);
	return record_event(c, &(EventRow){.kind = "intake.quarantined", .object = "receipt", .data = data->data});
}

static void news_written(void *arg, int result)
{
	if (result < 0)
		log_warn("intake", "open screens were not told of quarantine (%s)", err_code(result));
	talloc_free(arg);
}

void quarantine_tell(Intake *intake, const Receipt *receipt, const char *reason, const char *detail)
{
	pulse_bad(intake->pulse, receipt->source, receipt->at, reason, detail);
	int64_t now = clock_monotonic_ms(), before = intake->told_at;
	if (now - before < TELL_EVERY_MS || !atomic_compare_exchange_strong(&intake->told_at, &before, now))
		return;
	News *news = talloc(NULL, News);
	*news = (News){intake->house, talloc_strdup(news, reason ? reason : "unknown")};
	if (store_write(intake->house->store, news_write, news_written, news) < 0)
		news_written(news, ERR_BUSY);
}

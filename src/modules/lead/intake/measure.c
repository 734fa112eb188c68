/* What the intake tells at /metrics: counters of this process, and two short counts of the log. */
#include "modules/lead/intake/intake_int.h"

typedef struct {
	int64_t pending, quarantined;
} Counts;

/* Both go by an index that holds nothing else. */
static int counts_read(Tx *tx, void *arg)
{
	Counts *n = arg;
	int r = db_int(tx, &n->pending,
	               "SELECT count(*) FROM (SELECT 1 FROM receipt WHERE state = 'pending' LIMIT 100000) AS waiting");
	if (r < 0)
		return r;
	return db_int(tx, &n->quarantined,
	              "SELECT count(*) FROM (SELECT 1 FROM receipt WHERE state = 'quarantined' LIMIT 100000) AS waiting");
}

static void write_settled(Buf *out, Intake *in)
{
	static const char name[] = "tenon_receipts_settled_total";
	metrics_head(out, name, "counter", "Receipts the taker brought into a final state, since the start.");
	for (ReceiptState s = RECEIPT_TAKEN; s <= RECEIPT_QUARANTINED; s++) {
		char *label = metrics_label(NULL, "state", receipt_state_name(s));
		metrics_sample(out, name, label, (double)atomic_load(&in->settled_as[s]));
		talloc_free(label);
	}
}

void intake_measure(House *house, Buf *out)
{
	Intake *in = house->intake;
	Store *store = receipt_log_store(in->log);
	Counts n;
	metrics_single(out, "tenon_receipts_kept_total", "counter", "Receipts made durable since the start.",
	               (double)atomic_load(&in->kept));
	write_settled(out, in);
	metrics_single(out, "tenon_taker_backlog", "gauge", "Receipts the taker holds in memory.",
	               taker_backlog(in->taker));
	if (store_read_wait(store, counts_read, &n) == 0) {
		metrics_single(out, "tenon_receipts_pending", "gauge", "Receipts in no final state yet.", (double)n.pending);
		metrics_single(out, "tenon_receipts_quarantined", "gauge", "Receipts a person has to look at.",
		               (double)n.quarantined);
	}
	if (store == house->store)
		return; /* told by the house itself */
	metrics_head(out, "tenon_receipts_commit_seconds", "histogram", "How long COMMITs of the log of receipts took.");
	metrics_histogram(out, "tenon_receipts_commit_seconds", "", store_commits(store), &histogram_latency);
	metrics_head(out, "tenon_receipts_batch_jobs", "histogram", "Receipts and outcomes made durable by one COMMIT.");
	metrics_histogram(out, "tenon_receipts_batch_jobs", "", store_batches(store), &histogram_sizes);
}

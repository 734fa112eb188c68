/* The leads that came in just now: through the real intake, so that each has its receipt, its decision and its
 * countdown. */
#include <string.h>

#include "app/demo/demo_int.h"
#include "modules/lead/intake/take.h"

#define FRESH_EVERY_MS (6 * SECOND_MS)

static const char *body_of(Call *c, Demo *demo, int team)
{
	const Place *place = demo_place(&demo->dice, team);
	Buf *out = buf_new(c, 8192);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "name", demo_person(c, &demo->dice));
	json_member_text(&o, "company", demo_company(c, &demo->dice, place));
	json_member_text(&o, "phone", demo_phone(c, &demo->dice) + 3);
	json_member_text(&o, "province", place->province);
	json_member_text(&o, "city", place->city);
	if (dice_chance(&demo->dice, 35))
		json_member_text(&o, "district", place->district);
	json_member_text(&o, "message", demo_message(c, &demo->dice));
	json_member_text(&o, "page", "https://www.hengtuo-auto.example/solutions/vision");
	json_member_text(&o, "utm_source", "baidu");
	json_member_int(&o, "dwell_ms", dice_between(&demo->dice, 20, 300) * 1000);
	json_member_int(&o, "pages_seen", dice_between(&demo->dice, 1, 9));
	json_member_int(&o, "form_ms", dice_between(&demo->dice, 8, 90) * 1000);
	json_object_end(&o);
	return out->data;
}

/* One after the other over the last minutes, so that the countdowns differ and none is over. */
static Receipt receipt_of(Call *c, Demo *demo, int nth)
{
	int64_t at = demo->now_ms - (DEMO_FRESH - nth) * FRESH_EVERY_MS;
	Receipt r = {
		.id = id_new(at),
		.at = at,
		.source = demo->source[dice_roll(&demo->dice, DEMO_SOURCES)],
		.source_key = "web",
		.visitor = talloc_asprintf(c, "114.84.%u.%u", dice_roll(&demo->dice, 255), dice_roll(&demo->dice, 255)),
		.content_type = "application/json",
		.headers = "{\"user_agent\":\"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\"}",
		.body = body_of(c, demo, nth % DEMO_TEAMS),
		.state = RECEIPT_TAKEN,
	};
	r.body_len = strlen(r.body);
	return r;
}

static int log_keep(Tx *tx, void *receipt)
{
	return receipt_write(tx, receipt);
}

int demo_fresh(Call *c, Demo *demo)
{
	Intake *in = demo->house->intake;
	TakeGround ground = {.sources = source_book_acquire(in->sources)};
	int err = ground_open(c, &ground.place);
	for (int i = 0; i < DEMO_FRESH && err == 0; i++) {
		Call *one = call_new_system(c, demo->house, c->tx, "intake");
		Receipt receipt = receipt_of(one, demo, i);
		Outcome outcome;
		Reading reading = {0};
		one->now_ms = receipt.at;
		take_read(one, ground.sources, &receipt, &reading);
		err = take_receipt(one, &ground, &receipt, &reading, &outcome);
		receipt.state = outcome.state;
		receipt.lead = outcome.lead;
		if (err == 0 && !store_is_postgres(demo->house->store))
			err = store_write_wait(receipt_log_store(in->log), log_keep, &receipt);
		else if (err == 0)
			err = log_keep(c->tx, &receipt);
		talloc_free(one);
	}
	source_release(ground.sources);
	return err;
}

/* How a lead looks to whoever has to act on it: the card with its countdown, the same on the desk and on the board; and
 * what an event or alert says of it. */
#include <string.h>

#include "call/when.h"
#include "modules/lead/lead_int.h"

#define MESSAGE_MAX 300 /* bytes of the message that a card shows */

void card_time(JsonOut *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(out, key, ms ? when_text(ms, text) : NULL);
}

void card_person(JsonOut *out, const char *key, const Roster *roster, Id person)
{
	json_key(out, key);
	if (id_is_nil(person)) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_id(out, "id", person);
	json_member_text(out, "name", roster_name(roster, person));
	json_object_end(out);
}

void card_source(JsonOut *out, const Roster *roster, Id id)
{
	int source = roster_source(roster, id);
	json_key(out, "source");
	if (source < 0) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_id(out, "id", id);
	json_member_text(out, "name", roster->sources[source].name);
	json_member_text(out, "grade", roster->sources[source].grade);
	json_object_end(out);
}

/* A held countdown that has reached its opening runs, whether or not the timer that says so has come by. */
void card_countdown(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms)
{
	const char *state = record_text(lead, "clock");
	int64_t respond_by = record_int(lead, "respond_by"), starts_at = 0, left = 0;
	bool held = state && strcmp(state, "held") == 0, running = state && strcmp(state, "running") == 0;
	const WorkTime *work = roster_worktime(roster, roster_person(roster, record_ref(lead, "owner")));
	if (held) {
		starts_at = worktime_next_open(work, record_int(lead, "assigned_at"));
		running = now_ms >= starts_at;
		state = running ? "running" : "held";
	}
	if (held || running) {
		/* On call the time is real: the owner's calendar knows nothing of it. */
		left = worktime_is_open(work, now_ms) || !running ? worktime_between(work, now_ms, respond_by)
			: respond_by - now_ms;
		left = left < 0 ? 0 : left;
	}
	json_key(out, "countdown");
	json_object_begin(out);
	json_member_text(out, "state", state ? state : "none");
	card_time(out, "respond_by", respond_by);
	card_time(out, "starts_at", starts_at);
	json_member_int(out, "total_ms", roster->policy.touch_minutes * MINUTE_MS);
	json_member_int(out, "left_ms", left);
	json_object_end(out);
}

static void message_write(JsonOut *out, const char *message)
{
	size_t len = message ? strlen(message) : 0;
	if (len > MESSAGE_MAX)
		for (len = MESSAGE_MAX; len && ((unsigned char)message[len] & 0xC0) == 0x80;)
			len--;
	json_key(out, "message");
	if (message)
		json_put_text_n(out, message, len);
	else
		json_put_null(out);
}

void card_members(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms)
{
	static const char *const texts[] = {"name", "company", "phone", "city", "district", "status"};
	json_member_id(out, "id", record_id(lead));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		json_member_text(out, texts[i], record_text(lead, texts[i]));
	card_source(out, roster, record_ref(lead, "source"));
	message_write(out, record_text(lead, "message"));
	json_member_int(out, "score", heat_after((int)record_int(lead, "score"), now_ms - record_int(lead, "created_at")));
	json_member_int(out, "hops", record_int(lead, "hops"));
	card_time(out, "created_at", record_int(lead, "created_at"));
	card_time(out, "assigned_at", record_int(lead, "assigned_at"));
	card_time(out, "respond_by", record_int(lead, "respond_by"));
	card_time(out, "waiting_since", record_int(lead, "waiting_since"));
	card_countdown(out, roster, lead, now_ms);
}

static void news_text(JsonOut *out, const char *key, const Record *lead)
{
	const char *text = record_text(lead, key);
	if (text)
		json_member_text(out, key, text);
}

void card_news(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms)
{
	news_text(out, "name", lead);
	news_text(out, "company", lead);
	news_text(out, "city", lead);
	json_member_int(out, "score", record_int(lead, "score"));
	card_countdown(out, roster, lead, now_ms);
}

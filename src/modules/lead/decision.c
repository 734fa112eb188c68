/* Numbers are written seven bits a byte, the lowest first, signed ones folded so that small ones stay short. */
#include "modules/lead/decision.h"

#include <string.h>

#define FORMAT 1

/* ---- writing ---- */

static uint8_t *put_number(uint8_t *p, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		*p++ = (uint8_t)(n | 0x80);
	*p++ = (uint8_t)n;
	return p;
}

static uint8_t *put_signed(uint8_t *p, int64_t n)
{
	return put_number(p, (uint64_t)n << 1 ^ (uint64_t)(n >> 63));
}

static uint8_t *put_person(uint8_t *p, const Roster *roster, int person)
{
	memcpy(p, roster->people[person].id.byte, sizeof(Id));
	return p + sizeof(Id);
}

size_t decision_write(const Roster *roster, const Decision *d, uint8_t out[static DECISION_BYTES_MAX])
{
	uint8_t *p = out;
	*p++ = FORMAT;
	p = put_number(p, (uint64_t)d->n_candidates);
	p = put_number(p, (uint64_t)d->candidates_all);
	for (int i = 0; i < d->n_candidates; i++) {
		const Candidate *candidate = &d->candidates[i];
		p = put_person(p, roster, candidate->person);
		p = put_signed(p, assign_score(&roster->policy, candidate));
		p = put_signed(p, candidate->weight);
		p = put_signed(p, candidate->free);
		p = put_signed(p, candidate->idle_min);
	}
	p = put_number(p, (uint64_t)d->n_dropped);
	for (int i = 0; i < d->n_dropped; i++) {
		p = put_person(p, roster, d->dropped[i].person);
		p = put_number(p, d->dropped[i].rule);
		p = put_signed(p, d->dropped[i].detail);
	}
	for (int rule = 0; rule < RULE_COUNT; rule++)
		p = put_number(p, (uint64_t)d->dropped_by[rule]);
	return (size_t)(p - out);
}

/* ---- reading ---- */

typedef struct {
	const uint8_t *at, *end;
	bool failed;
} Reader;

static uint64_t read_number(Reader *r)
{
	uint64_t n = 0;
	for (int shift = 0; r->at < r->end && shift < 64; shift += 7) {
		uint8_t byte = *r->at++;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return n;
	}
	r->failed = true;
	return 0;
}

static int64_t read_signed(Reader *r)
{
	uint64_t n = read_number(r);
	return (int64_t)(n >> 1 ^ -(n & 1));
}

static int read_count(Reader *r)
{
	uint64_t n = read_number(r);
	r->failed |= n > ASSIGN_ALL_LISTED;
	return r->failed ? 0 : (int)n;
}

static Id read_person(Reader *r)
{
	Id id = ID_NIL;
	if ((size_t)(r->end - r->at) < sizeof id) {
		r->failed = true;
		return id;
	}
	memcpy(id.byte, r->at, sizeof id);
	r->at += sizeof id;
	return id;
}

static void read_candidate(Reader *r, KeptCandidate *ret)
{
	ret->person = read_person(r);
	ret->score = read_signed(r);
	ret->weight = read_signed(r);
	ret->free = read_signed(r);
	ret->idle_min = read_signed(r);
}

static void read_dropped(Reader *r, KeptDropped *ret)
{
	uint64_t rule;
	ret->person = read_person(r);
	rule = read_number(r);
	r->failed |= rule >= RULE_COUNT;
	ret->rule = r->failed ? 0 : (int)rule;
	ret->detail = read_signed(r);
}

bool decision_read(const uint8_t *bytes, size_t len, KeptDecision *ret)
{
	if (len == 0 || bytes[0] != FORMAT)
		return false;
	Reader r = {.at = bytes + 1, .end = bytes + len};
	ret->n_candidates = read_count(&r);
	ret->candidates_all = (int64_t)read_number(&r);
	for (int i = 0; i < ret->n_candidates; i++)
		read_candidate(&r, &ret->candidates[i]);
	ret->n_dropped = read_count(&r);
	for (int i = 0; i < ret->n_dropped; i++)
		read_dropped(&r, &ret->dropped[i]);
	for (int rule = 0; rule < RULE_COUNT; rule++)
		ret->dropped_by[rule] = (int64_t)read_number(&r);
	return !r.failed && r.at == r.end;
}

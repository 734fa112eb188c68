/* Who is this? Normalised phones, mails, company names, credit codes and regions; and the index in memory that answers "have we
 * seen it" over a million records in microseconds (D1, D4). */
#pragma once

#include "base/base.h"
#include "base/id.h"

/* --- admission (D4). All pure; out buffers are given by the caller. --- */

typedef struct {
	char e164[20];            /* "+8613812341234" */
	bool mobile;
	const char *province, *city, *carrier; /* Chinese names from the embedded tables; NULL when unknown */
} Phone;
/* Understands spaces, dashes, brackets, full-width digits, 0086, +86, 86, area codes with extension, 400/800 numbers and
 * foreign numbers with +. False: no phone. */
NODISCARD bool phone_parse(const char *text, Phone *ret);

/* Lower case, NFKC, trimmed; false when it is no address. ret_domain points into out; public mail domains (qq.com, 163.com,
 * gmail.com ...) give *ret_public = true. */
NODISCARD bool email_parse(const char *text, char out[static 255], const char **ret_domain, bool *ret_public);
/* 统一社会信用代码, GB 32100: 18 characters, both check digits; out is upper case. */
NODISCARD bool credit_code_parse(const char *text, char out[static 19]);
/* 身份证 GB 11643. */
NODISCARD bool id_card_valid(const char *text);

typedef struct {
	char core[256];           /* NFKC, lower case, without region and legal form: what is compared */
} CompanyName;
void company_parse(const char *text, CompanyName *ret);
/* 0..1 on two cores: Levenshtein ratio over characters. */
double company_similarity(const CompanyName *a, const CompanyName *b);

typedef struct {
	int32_t province, city, district; /* administrative codes: 31, 3101, 310115; 0 unknown */
	double lon, lat;                  /* centroid of the city or province; 0,0 unknown */
} Region;
/* From whatever was given: names (short or long), or codes; fills upward (district gives city and province). False when
 * nothing is understood. Any argument may be NULL. */
NODISCARD bool region_find(const char *province, const char *city, const char *district, Region *ret);
/* Name of a code ("上海市", "浦东新区"), NULL when unknown. */
const char *region_name(int32_t code);
/* Children of a code (0: the provinces); returns the count, at most max. */
int region_children(int32_t code, int32_t *out, int max);
/* Region of an IPv4 address by the ip2region file; false when unknown or no file is there. */
typedef struct IpRegions IpRegions;
IpRegions *ip_regions_open(TALLOC_CTX *ctx, const char *path);
NODISCARD bool ip_region_find(const IpRegions *regions, const char *ip, char out[static 128]); /* "中国|上海|上海市|电信" */

/* --- the index --- */

typedef struct MatchIndex MatchIndex;

typedef enum { MATCH_PHONE = 1, MATCH_EMAIL = 2, MATCH_DOMAIN = 4, MATCH_CODE = 8, MATCH_NAME = 16 } MatchKind;
typedef enum { MATCH_LEAD, MATCH_ACCOUNT, MATCH_CONTACT } MatchObject;

/* What a record offers to be recognised by; blank members are NULL. */
typedef struct {
	MatchObject object;
	Id id;
	bool open;                /* leads: still open (not converted, not invalid) */
	const char *phone;        /* E.164 */
	const char *email;        /* normalised */
	const char *code;         /* credit code */
	const char *company;      /* as written */
} MatchKeys;

typedef struct {
	MatchObject object;
	Id id;
	bool open;
	unsigned kinds;           /* MatchKind bits */
	double similarity;        /* of the names, 0 if MATCH_NAME is not set */
	int weight;               /* weights add up: phone 60, code 80, mail 60, domain 30, name 40 x similarity; >= 60 is high risk */
} MatchHit;

/* Thread-safe: many readers, one writer at a time. */
MatchIndex *match_new(TALLOC_CTX *ctx);
void match_put(MatchIndex *index, const MatchKeys *keys);   /* replaces what is there under (object, id) */
void match_remove(MatchIndex *index, MatchObject object, Id id);
/* At most max hits, heaviest first. names: also look for similar names (>= 0.85). */
int match_find(const MatchIndex *index, const MatchKeys *keys, bool names, MatchHit *out, int max);
size_t match_size(const MatchIndex *index);
size_t match_memory(const MatchIndex *index);

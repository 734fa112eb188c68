/* Messages of 微信客服 as enquiries, and what its codes mean. Pure. */
#pragma once

#include "base/json.h"

#define KF_CUSTOMERS_MAX 100 /* names asked for at once */

typedef enum {
	KF_OTHER,
	KF_OLD_TOKEN,   /* the access token is worn out: a new one, once */
	KF_OLD_PUSH,    /* the push is too old to be named: it goes without, less often */
	KF_LIMITED,     /* later */
	KF_SECRET,      /* corp ID or secret are wrong */
	KF_NOT_ALLOWED, /* the app may not read messages */
	KF_ADDRESS,     /* this server's address is not on the list */
	KF_NO_ACCOUNT,  /* the account was deleted; others go on */
} KfCode;
KfCode kf_code(int64_t code);
/* As it is kept and told (intake/reason.h). */
const char *kf_reason(KfCode code);
/* The body of an enquiry; NULL: the message is no customer's, or says nothing. customers: of kf/customer/batchget, or
 * NULL. */
const char *kf_enquiry(TALLOC_CTX *ctx, const json_t *message, const json_t *customers);
/* The ids of the customers who wrote, each once, as an array; how many. */
int kf_customers_write(JsonOut *o, const json_t *messages);

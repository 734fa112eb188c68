/* Messages of 微信客服 as enquiries, and what its codes mean. Pure. */
#pragma once

#include "base/json.h"

#define KF_CUSTOMERS_MAX 100 /* names asked for at once */

typedef enum { KF_OTHER, KF_OLD_TOKEN, KF_LIMITED, KF_DENIED } KfCode;
KfCode kf_code(int64_t code);
/* The body of an enquiry; NULL: the message is no customer's, or says nothing. customers: of kf/customer/batchget, or
 * NULL. */
const char *kf_enquiry(TALLOC_CTX *ctx, const json_t *message, const json_t *customers);
/* The ids of the customers who wrote, each once, as an array; how many. */
int kf_customers_write(JsonOut *o, const json_t *messages);

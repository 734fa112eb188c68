/* Who is this? Normalised phones, mails, company names, credit codes and regions; and the index in memory that answers
 * "have we seen it" over a million records in microseconds (D1, D4). This header is the whole floor; each part also
 * stands alone. */
#pragma once

#include "match/company.h"
#include "match/email.h"
#include "match/ident.h"
#include "match/index.h"
#include "match/ip_region.h"
#include "match/phone.h"
#include "match/region.h"

/* XML from outside, read as it comes: a thin cover over expat that refuses what makes XML dangerous. A DOCTYPE (with
 * it, every entity of one's own) ends the reading, as does nesting beyond the limit. Names come without their prefix.
 */
#pragma once

#include "base/base.h"

typedef struct Xml Xml;

/* Any of them may be NULL. attributes: name, value, ..., NULL. */
typedef struct {
	void (*begin)(void *arg, const char *name, const char *const *attributes);
	void (*end)(void *arg, const char *name);
	void (*text)(void *arg, const char *text, size_t len);
} XmlHooks;

Xml *xml_new(TALLOC_CTX *ctx, const XmlHooks *hooks, void *arg, int depth_max);
/* Reads the next bytes; last: nothing follows. False: it is not acceptable, xml_fault says why. */
NODISCARD bool xml_feed(Xml *xml, const char *bytes, size_t len, bool last);
/* English literal; "" while nothing is wrong. */
const char *xml_fault(const Xml *xml);
/* The value of an attribute by its name without prefix, or NULL. */
const char *xml_attribute(const char *const *attributes, const char *name);

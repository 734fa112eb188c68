/* Expat with its dangerous parts switched off. Nothing here knows what a document means. */
#include "base/xml.h"

#include <expat.h>
#include <string.h>

struct Xml {
	XML_Parser parser;
	const XmlHooks *hooks;
	void *arg;
	int depth, depth_max;
	const char *fault;
};

static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

static void refuse(Xml *xml, const char *why)
{
	xml->fault = why;
	XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL on_begin(void *arg, const char *name, const char **attributes)
{
	Xml *xml = arg;
	if (++xml->depth > xml->depth_max)
		refuse(xml, "nested too deeply");
	else if (xml->hooks->begin && !*xml->fault)
		xml->hooks->begin(xml->arg, local(name), (const char *const *)attributes);
}

static void XMLCALL on_end(void *arg, const char *name)
{
	Xml *xml = arg;
	xml->depth--;
	if (xml->hooks->end && !*xml->fault)
		xml->hooks->end(xml->arg, local(name));
}

static void XMLCALL on_text(void *arg, const char *text, int len)
{
	Xml *xml = arg;
	if (xml->hooks->text && !*xml->fault)
		xml->hooks->text(xml->arg, text, (size_t)len);
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *system_id, const char *public_id,
                               int has_subset)
{
	(void)name, (void)system_id, (void)public_id, (void)has_subset;
	refuse(arg, "a DOCTYPE is not allowed");
}

static int xml_free(Xml *xml)
{
	XML_ParserFree(xml->parser);
	return 0;
}

Xml *xml_new(TALLOC_CTX *ctx, const XmlHooks *hooks, void *arg, int depth_max)
{
	Xml *xml = talloc_zero(ctx, Xml);
	*xml = (Xml){.parser = XML_ParserCreate(NULL), .hooks = hooks, .arg = arg, .depth_max = depth_max, .fault = ""};
	talloc_set_destructor(xml, xml_free);
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_begin, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	return xml;
}

bool xml_feed(Xml *xml, const char *bytes, size_t len, bool last)
{
	if (*xml->fault)
		return false;
	if (XML_Parse(xml->parser, bytes, (int)len, last) == XML_STATUS_OK)
		return true;
	if (!*xml->fault)
		xml->fault = XML_ErrorString(XML_GetErrorCode(xml->parser));
	return false;
}

const char *xml_fault(const Xml *xml)
{
	return xml->fault;
}

const char *xml_attribute(const char *const *attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (strcmp(local(attributes[0]), name) == 0)
			return attributes[1];
	return NULL;
}

/* Reading packs: what is right becomes a catalogue, what is wrong is refused with a reason that names it. */
#include "meta/meta_int.h"

#include <stdatomic.h>
#include <string.h>

#include "base/check.h"

#define DEAL_HEAD \
	"{\"objects\":[{\"name\":\"deal\",\"table\":\"deal\",\"zh\":\"商机\",\"en\":\"Deal\"," \
	"\"title\":\"name\",\"read\":\"record.read\",\"write\":\"record.write\"," \
	"\"indexes\":[\"stage,created_at\"],\"fields\":["
#define NAME_FIELD \
	"{\"name\":\"name\",\"zh\":\"名称\",\"en\":\"Name\",\"type\":\"text\"," \
	"\"searchable\":true,\"unique\":true}"
#define STAGE_FIELD \
	"{\"name\":\"stage\",\"zh\":\"阶段\",\"en\":\"Stage\",\"type\":\"choice\"," \
	"\"default\":\"open\",\"choices\":[{\"value\":\"open\",\"zh\":\"进行\",\"en\":\"Open\"}," \
	"{\"value\":\"won\",\"zh\":\"赢单\",\"en\":\"Won\"}]}"
#define DEAL(more) DEAL_HEAD NAME_FIELD "," STAGE_FIELD more "]}]}"

static const Catalogue *read_pack(TALLOC_CTX *ctx, const char *text, char **error)
{
	const EmbeddedFile packs[] = {{"test/objects.json", (const unsigned char *)text, strlen(text)}, {0}};
	return meta_read_packs(ctx, packs, error);
}

/* The pack is refused and the reason holds the words. */
static void check_refused(const char *text, const char *words)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *error = NULL;
	const Catalogue *catalogue = read_pack(ctx, text, &error);
	CHECK(catalogue == NULL);
	CHECK(error != NULL);
	if (!strstr(error, words))
		g_error("\"%s\" does not say \"%s\"", error, words);
	talloc_free(ctx);
}

TEST(pack, reads_an_object_with_the_common_fields_first)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *error = NULL;
	const Catalogue *catalogue = read_pack(ctx, DEAL(""), &error);
	CHECK_TEXT(error, NULL);
	const ObjectDef *deal = meta_object(catalogue, "deal");
	CHECK(deal != NULL);
	CHECK_INT(deal->n_fields, FIELD_AT_OWN + 2);
	CHECK_TEXT(deal->fields[FIELD_AT_ID].name, "id");
	CHECK_TEXT(deal->fields[FIELD_AT_VERSION].name, "version");
	CHECK_TEXT(deal->fields[FIELD_AT_CREATED_AT].name, "created_at");
	CHECK_TEXT(deal->fields[FIELD_AT_CREATED_BY].name, "created_by");
	CHECK_TEXT(deal->fields[FIELD_AT_UPDATED_AT].name, "updated_at");
	CHECK_TEXT(deal->fields[FIELD_AT_DELETED_AT].name, "deleted_at");
	for (int i = 0; i < deal->n_fields; i++)
		CHECK_INT(deal->fields[i].index, i);
	const FieldDef *stage = meta_field(deal, "stage");
	CHECK_INT(stage->type, FIELD_CHOICE);
	CHECK_INT(stage->n_choices, 2);
	CHECK_TEXT(stage->choices[1].zh, "赢单");
	CHECK_TEXT(stage->default_text, "\"open\"");
	CHECK(meta_field(deal, "name")->unique);
	CHECK_TEXT(deal->indexes[0], "stage,created_at");
	CHECK(deal->indexes[1] == NULL);
	CHECK_TEXT(deal->zh_plural, "商机");
	CHECK(meta_field(deal, "colour") == NULL);
	CHECK(meta_object(catalogue, "lead") == NULL);
	meta_release(catalogue);
	talloc_free(ctx);
}

TEST(pack, refuses_a_choice_without_choices)
{
	check_refused(DEAL(",{\"name\":\"size\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"choice\"}"),
		"field size: a choice field needs 1 to 1000 choices");
	check_refused(DEAL(",{\"name\":\"size\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"choice\",\"choices\":[]}"),
		"needs 1 to");
}

TEST(pack, refuses_wrong_fields_with_the_reason)
{
	check_refused(DEAL(",{\"name\":\"stage\",\"zh\":\"阶段\",\"en\":\"Stage\",\"type\":\"text\"}"),
		"the field stage is there twice");
	check_refused(DEAL(",{\"name\":\"id\",\"zh\":\"号\",\"en\":\"Id\",\"type\":\"text\"}"),
		"the field id is there twice");
	check_refused(DEAL(",{\"name\":\"Size\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"text\"}"),
		"must begin with a letter a-z");
	check_refused(DEAL(",{\"name\":\"a b\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"text\"}"),
		"must begin with a letter a-z");
	check_refused(DEAL(",{\"name\":\"size\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"texte\"}"),
		"unknown type \"texte\"");
	check_refused(DEAL(",{\"name\":\"size\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"text\",\"hiden\":true}"),
		"\"hiden\" is no property");
	check_refused(DEAL(",{\"name\":\"size\",\"zh\":\"规模\",\"type\":\"text\"}"), "give a label \"en\"");
	check_refused(DEAL(",{\"name\":\"size\",\"zh\":\"规[模\",\"en\":\"Size\",\"type\":\"text\"}"), "square brackets");
	check_refused(DEAL(",{\"name\":\"who\",\"zh\":\"谁\",\"en\":\"Who\",\"type\":\"ref\",\"ref\":\"usr\"}"),
		"unknown object usr");
	check_refused(DEAL(",{\"name\":\"who\",\"zh\":\"谁\",\"en\":\"Who\",\"type\":\"ref\"}"), "which object");
	check_refused(DEAL(",{\"name\":\"n\",\"zh\":\"数\",\"en\":\"N\",\"type\":\"int\",\"default\":\"x\"}"),
		"does not fit its type");
	check_refused(DEAL(",{\"name\":\"n\",\"zh\":\"数\",\"en\":\"N\",\"type\":\"decimal\",\"scale\":11}"),
		"from 0 to 10");
	check_refused(DEAL(",{\"name\":\"n\",\"zh\":\"数\",\"en\":\"N\",\"type\":\"int\",\"searchable\":true}"),
		"only text can be searched");
	check_refused(DEAL(",{\"name\":\"n\",\"zh\":\"数\",\"en\":\"N\",\"type\":\"int\",\"required\":1}"), "true or false");
}

TEST(pack, refuses_wrong_objects_with_the_reason)
{
	check_refused("{", "no valid JSON");
	check_refused("{}", "no list \"objects\"");
	check_refused("{\"objects\":[{\"name\":\"DROP TABLE\"}]}", "the object name \"DROP TABLE\"");
	check_refused("{\"objects\":[{\"name\":\"deal\",\"colour\":1}]}", "unknown member \"colour\"");
	check_refused("{\"objects\":[{\"name\":\"deal\"}]}", "has no fields");
	check_refused(DEAL_HEAD NAME_FIELD "]}]}", "unknown column \"stage\"");
	check_refused(DEAL_HEAD STAGE_FIELD "]}]}", "\"title\" must be the name of one of its fields");
	check_refused(DEAL_HEAD NAME_FIELD "," STAGE_FIELD "],\"scope\":\"owner\"}]}", "the scope \"owner\"");
}

TEST(pack, adds_custom_fields_behind_the_packs)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *text = DEAL("");
	const EmbeddedFile packs[] = {{"test/objects.json", (const unsigned char *)text, strlen(text)}, {0}};
	const CustomField custom[] = {
		{"deal", "{\"name\":\"budget\",\"zh\":\"预算\",\"en\":\"Budget\",\"type\":\"money\"}"},
		{"other", "{\"name\":\"never\",\"zh\":\"预算\",\"en\":\"Budget\",\"type\":\"money\"}"},
		/* The pack has learnt this one since. */
		{"deal", "{\"name\":\"stage\",\"zh\":\"旧阶段\",\"en\":\"Old stage\",\"type\":\"text\"}"},
	};
	char *error = NULL;
	Catalogue *catalogue = pack_build(ctx, packs, custom, ARRAY_LEN(custom), &error);
	CHECK_TEXT(error, NULL);
	const ObjectDef *deal = meta_object(catalogue, "deal");
	CHECK_INT(deal->n_fields, FIELD_AT_OWN + 3);
	const FieldDef *budget = meta_field(deal, "budget");
	CHECK(budget->custom);
	CHECK_INT(budget->index, FIELD_AT_OWN + 2);
	CHECK_INT(meta_scale(budget), 4);
	CHECK_TEXT(meta_field(deal, "stage")->zh, "阶段");
	CHECK_INT(catalogue->version, 4);
	meta_release(catalogue);
	const CustomField clash = {"deal", "{\"name\":\"stage\",\"zh\":\"阶段\",\"en\":\"Stage\",\"type\":\"int\"}"};
	CHECK(pack_build(ctx, packs, &clash, 1, &error) == NULL);
	CHECK(strstr(error, "stands in the way") != NULL);
	talloc_free(ctx);
}

TEST(pack, reads_the_packs_of_the_house)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *error = NULL;
	const Catalogue *catalogue = meta_read_packs(ctx, meta_embedded_packs(), &error);
	CHECK_TEXT(error, NULL);
	const char *const needed[] = {"lead", "account", "contact", "opportunity", "activity", "task", "user", "team",
		"source",
		"territory", "skill", "pool"};
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!meta_object(catalogue, needed[i]))
			g_error("the core pack has no object %s", needed[i]);
	meta_release(catalogue);
	talloc_free(ctx);
}

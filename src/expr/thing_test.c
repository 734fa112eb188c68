/* The object all tests of expr/ use. */
#include "expr/expr_test.h"

#include <string.h>

#include "base/check.h"

#define FIELD(name, zh, en, type) "{\"name\":\"" name "\",\"zh\":\"" zh "\",\"en\":\"" en "\",\"type\":\"" type "\"},"

static const char pack[] =
	"{\"objects\":[{\"name\":\"thing\",\"table\":\"thing\",\"zh\":\"东西\",\"en\":\"Thing\",\"title\":\"name\","
	"\"read\":\"record.read\",\"write\":\"record.write\",\"fields\":["
	FIELD("name", "姓名", "Name", "text") FIELD("other", "其他", "Other", "text") FIELD("empty_text", "空文本", "Empty text",
		"text")
	FIELD("count", "数量", "Count", "int") FIELD("empty_count", "空数量", "Empty count", "int") FIELD("amount", "金额",
		"Amount", "money")
	"{\"name\":\"price\",\"zh\":\"单价\",\"en\":\"Price\",\"type\":\"decimal\",\"scale\":2},"
	FIELD("flag", "标记", "Flag", "bool") FIELD("empty_flag", "空标记", "Empty flag", "bool")
	FIELD("touched_at", "上次联系", "Touched at", "time") FIELD("due_at", "到期", "Due at", "time")
	FIELD("empty_time", "空时间", "Empty time", "time") FIELD("birthday", "生日", "Birthday", "date") FIELD("day", "日子",
		"Day", "date")
	"{\"name\":\"stage\",\"zh\":\"阶段\",\"en\":\"Stage\",\"type\":\"choice\",\"choices\":"
	"[{\"value\":\"new\",\"zh\":\"新\",\"en\":\"New\"},{\"value\":\"won\",\"zh\":\"赢单\",\"en\":\"Won\"}]},"
	"{\"name\":\"owner\",\"zh\":\"负责人\",\"en\":\"Owner\",\"type\":\"ref\",\"ref\":\"thing\"},"
	"{\"name\":\"parent\",\"zh\":\"上级\",\"en\":\"Parent\",\"type\":\"ref\",\"ref\":\"thing\"},"
	"{\"name\":\"secret\",\"zh\":\"内部\",\"en\":\"Internal\",\"type\":\"text\",\"hidden\":true},"
	FIELD("twin_a", "重名", "Twin A", "int") FIELD("twin_b", "重名", "Twin B", "int") FIELD("settings", "设置", "Settings",
		"json")
	"{\"name\":\"len\",\"zh\":\"长\",\"en\":\"Length\",\"type\":\"int\"}]}]}";

const EmbeddedFile thing_packs[] = {{"test/objects.json", (const unsigned char *)pack, sizeof pack - 1}, {0}};

static void set(TestThing *t, const char *field, Value value)
{
	t->values[meta_field(t->object, field)->index] = value;
}

TestThing *thing_new(void)
{
	char *error = NULL;
	TestThing *t = talloc_zero(NULL, TestThing);
	t->catalogue = meta_read_packs(t, thing_packs, &error);
	CHECK_TEXT(error, NULL);
	t->object = meta_object(t->catalogue, "thing");
	t->values = talloc_zero_array(t, Value, (unsigned)t->object->n_fields);
	/* 2026-11-23T02:30:00Z */
	t->env = (ExprEnv){.now_ms = INT64_C(1795401000000), .utc_offset_min = 480, .me = id_new(1)};
	set(t, "name", value_text("Ann 王"));
	set(t, "count", value_int(42));
	set(t, "amount", value_decimal(10000000, 4));
	set(t, "price", value_decimal(999, 2));
	set(t, "flag", value_bool(true));
	set(t, "touched_at", value_time(t->env.now_ms - 49 * HOUR_MS));
	set(t, "due_at", value_time(t->env.now_ms + HOUR_MS));
	set(t, "birthday", value_text("1990-02-28"));
	set(t, "stage", value_text("new"));
	set(t, "owner", value_id(t->env.me));
	return t;
}

void thing_free(TestThing *t)
{
	meta_release(t->catalogue);
	talloc_free(t);
}

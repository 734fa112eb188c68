/* The policy in force as a flow chart (L12): steps from top to bottom, each perhaps with a branch to the side, in the
 * reader's words. Where boxes lie is the screen's business. */
#include <stdarg.h>
#include <string.h>

#include "modules/lead/procedure/procedure_int.h"

typedef struct {
	Call *c;
	const Roster *roster;
	const Policy *policy;
	bool en;
} Flow;

static const char *either(const Flow *f, const char *en, const char *zh)
{
	return f->en ? en : zh;
}

PRINTF_LIKE(2, 4) static const char *said(const Flow *f, const char *en, const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	const char *text = talloc_vasprintf(f->c, f->en ? en : zh, args);
	va_end(args);
	return text;
}

/* kind: "start", "ask", "do". The branch is what follows when the question is answered as the label says. */
static void step(const Flow *f, const char *kind, const char *text, const char *label, const char *branch)
{
	JsonOut *out = &f->c->json;
	json_object_begin(out);
	json_member_text(out, "kind", kind);
	json_member_text(out, "text", text);
	json_member_text(out, "label", label);
	json_member_text(out, "branch", branch);
	json_object_end(out);
}

static const char *pool_name(const Flow *f, Id id)
{
	int pool = roster_pool(f->roster, id);
	return pool < 0 ? "?" : f->roster->pools[pool].name;
}

static const char *minutes(const Flow *f, int n)
{
	return n % 60 ? said(f, "%d min", "%d 分钟", n) : said(f, "%d h", "%d 小时", n / 60);
}

static const char *filters(const Flow *f, const PolicyPool *pool)
{
	if (pool->territory && pool->skill)
		return either(f, "territory, skill", "区域、技能");
	if (pool->territory)
		return either(f, "territory", "区域");
	return pool->skill ? either(f, "skill", "技能") : either(f, "everybody", "不限区域和技能");
}

static const char *ranks(const Flow *f)
{
	static const char *const en[] = {"weight", "room", "idle time"}, *const zh[] = {"权重", "余量", "空闲时间"};
	char *text = talloc_strdup(f->c, "");
	for (int i = 0; i < f->policy->n_rank; i++)
		text = talloc_asprintf_append(text, "%s%s", i ? " > " : "", f->en ? en[f->policy->rank[i]]
			: zh[f->policy->rank[i]]);
	return text;
}

static const char *off_hours(const Flow *f)
{
	switch (f->policy->out_of_hours) {
	case POLICY_ON_CALL:
		return said(f, "%s is on call and gets it at once", "由值班人员%s立即承接",
			roster_name(f->roster, f->policy->on_call));
	case POLICY_TO_POOL:
		return said(f, "Waits in pool \"%s\" until a shift starts", "在“%s”等到有人上班",
			pool_name(f, f->policy->out_of_hours_pool));
	default:
		return either(f, "Kept for that person; the countdown starts at opening", "预留给该人，上班后开始计时");
	}
}

static void finding_write(const Flow *f)
{
	const Policy *p = f->policy;
	step(f, "start", either(f, "A lead comes in", "线索进来"), NULL, NULL);
	step(f, "ask", either(f, "Of a known customer whose owner is present?", "已有客户，且其负责人在岗？"), either(f, "yes", "是"),
		either(f, "Goes to that owner", "直接交给该负责人"));
	for (int i = 0; i < p->n_pools; i++)
		step(f, "ask", said(f, "Pool %d, \"%s\": who fits? (%s; present, not frozen, fewer than %d untouched)",
			"第 %d 个池“%s”：谁合适？（%s；在岗、未熔断、未联系少于 %d 条）", i + 1, pool_name(f, p->pools[i].pool),
			filters(f, &p->pools[i]), p->load_max), either(f, "found", "有人"),
			said(f, "The best by %s", "按%s取第一位", ranks(f)));
	step(f, "ask", either(f, "Somebody fits, but only off hours?", "有人合适，但都已下班？"), either(f, "yes", "是"), off_hours(f));
	step(f, "do", said(f, "Nobody: waits in pool \"%s\"; the supervisor is told; whoever becomes free gets the oldest",
		"无人合适：在“%s”等待并告知主管；有人空出来，先给最早的", pool_name(f, p->fallback_pool)), NULL, NULL);
}

static void clock_write(const Flow *f)
{
	const Policy *p = f->policy;
	const char *yes = either(f, "yes", "是");
	step(f, "start", said(f, "Assigned: protected for %s", "已分配：保护 %s", minutes(f, p->protection_minutes)), NULL, NULL);
	step(f, "ask", said(f, "Contact within %s of working time?", "工作时间 %s内联系了？", minutes(f, p->touch_minutes)), yes,
		either(f, "The countdown ends; the lead stays", "停止计时，线索归其所有"));
	step(f, "ask", said(f, "The person's miss no. %d in a row?", "此人连续第 %d 次超时？", p->freeze_misses), yes,
		either(f, "Frozen for the day; untouched leads move on", "当天熔断，未联系的线索转出"));
	step(f, "ask", said(f, "Hop no. %d, or %s since the first assignment?", "第 %d 次流转，或首次分配已满 %s？", p->hops_max,
		minutes(f, p->escalate_minutes)), yes,
		either(f, "The supervisor takes over; nothing moves by itself", "主管接手，不再自动流转"));
	step(f, "do", either(f, "To the next who has not held it: back to the pools", "交给未曾经手的下一位：回到线索池"), NULL, NULL);
	if (p->return_days)
		step(f, "ask", said(f, "Contacted, then %d days without a follow-up?", "联系之后，%d 天没有跟进？", p->return_days), yes,
			p->return_warn_days ? said(f, "Warned %d days before, it returns to its pool for others to claim",
				"提前 %d 天提醒，退回线索池供同事领取", p->return_warn_days)
			: either(f, "It returns to its pool for others to claim", "退回线索池供同事领取"));
}

void flow_write(Call *c, const Roster *roster, bool en)
{
	const Flow f = {c, roster, &roster->policy, en};
	json_key(&c->json, "flow");
	json_array_begin(&c->json);
	finding_write(&f);
	clock_write(&f);
	json_array_end(&c->json);
}

/* The living procedure (L12): the policy in force told in plain words, Chinese or English, so that everybody reads
 * the rules that are really applied. Made anew for every reader; the version says to what it belongs. */
#include <stdarg.h>
#include <string.h>

#include "modules/lead/procedure/procedure_int.h"

typedef struct {
	Call *c;
	const Roster *roster;
	const Policy *policy;
	bool en;
} Text;

static void section_begin(Text *t, const char *en, const char *zh)
{
	JsonOut *out = &t->c->json;
	json_object_begin(out);
	json_member_text(out, "title", t->en ? en : zh);
	json_key(out, "steps");
	json_array_begin(out);
}

static void section_end(Text *t)
{
	json_array_end(&t->c->json);
	json_object_end(&t->c->json);
}

/* A step in the reader's language; both formats take the same arguments in the same order. */
PRINTF_LIKE(3, 4) static void step(Text *t, const char *en, const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	json_put_text(&t->c->json, talloc_vasprintf(t->c, t->en ? en : zh, args));
	va_end(args);
}

static const char *pool_name(const Text *t, Id id)
{
	int pool = roster_pool(t->roster, id);
	return pool < 0 ? "?" : t->roster->pools[pool].name;
}

static const char *hours(const Text *t, int minutes)
{
	if (minutes % 60)
		return talloc_asprintf(t->c, t->en ? "%d minutes" : "%d 分钟", minutes);
	return talloc_asprintf(t->c, t->en ? "%d hours" : "%d 小时", minutes / 60);
}

static const char *levels(const Text *t)
{
	static const char *const zh[] = {"省份", "城市", "区县"};
	char *text = talloc_strdup(t->c, "");
	for (int bit = 0; bit < 3; bit++)
		if (t->policy->territory_by & 1u << bit)
			text = talloc_asprintf_append(text, "%s%s", *text ? (t->en ? " and " : "、") : "",
				t->en ? policy_level_name(bit) : zh[bit]);
	return text;
}

static void section_pools(Text *t)
{
	const Policy *p = t->policy;
	section_begin(t, "Where an owner is looked for", "在哪里找负责人");
	step(t, "If the source names a pool, that pool is asked first.", "如果来源指定了线索池，先在该池中寻找。");
	for (int i = 0; i < p->n_pools; i++) {
		int pool = roster_pool(t->roster, p->pools[i].pool);
		int members = pool < 0 ? 0 : t->roster->pools[pool].n_members;
		const char *by = p->pools[i].territory && p->pools[i].skill ? (t->en ? "territory and skill count" : "看区域和技能")
		               : p->pools[i].territory                     ? (t->en ? "territory counts" : "看区域")
		               : p->pools[i].skill                         ? (t->en ? "skill counts" : "看技能")
		                                                           : (t->en ? "everybody fits" : "不限区域和技能");
		step(t, "%d. Pool \"%s\" with %d people: %s.", "%d. 线索池“%s”，%d 人：%s。", i + 1, pool_name(t, p->pools[i].pool),
			members, by);
	}
	step(t, "Nobody fits anywhere: the lead waits in pool \"%s\" and the supervisor is told why.",
		"都没有合适的人：线索在“%s”等待，并告知主管原因。", pool_name(t, p->fallback_pool));
	section_end(t);
}

static void section_filters(Text *t)
{
	const Policy *p = t->policy;
	section_begin(t, "Who may have it", "谁可以得到");
	step(t, "Only people who are active, present, not frozen, and did not hold this lead before.",
		"仅限在职、在岗、未熔断、且未曾经手该线索的人。");
	step(t,
		"Territory: the lead must bring its %s; it fits who holds that region or one around it, "
		"or has fenced in its place.",
		"区域：线索须带有%s；由负责该地区（或其上级地区）或地理围栏内的人承接。", levels(t));
	if (p->everywhere)
		step(t, "People without any territory take every known region.", "未设置区域的人员可承接任何已知地区。");
	step(t, "Skill: if the lead's words name a product line, industry or language, the person must have one of them.",
		"技能：线索文字提到产品线、行业或语言时，须具备其中之一。");
	step(t, "Load: fewer than %d leads not yet contacted, and fewer than the person's own capacity.",
		"负荷：未联系线索少于 %d 条，且未达到个人容量。", p->load_max);
	step(t, "Hours: the person is at work by the own calendar, holidays included.", "时间：按本人工作时间（含节假日安排）正在上班。");
	section_end(t);
}

static void section_rank(Text *t)
{
	static const char *const en[] = {"the larger weight", "more room for leads",
		"the longest time since the last lead"};
	static const char *const zh[] = {"权重高", "余量大", "距上次分配时间长"};
	section_begin(t, "Who of them gets it", "其中由谁承接");
	for (int i = 0; i < t->policy->n_rank; i++)
		step(t, "%d. Whoever has %s goes first.", "%d. %s者优先。", i + 1, t->en ? en[t->policy->rank[i]]
		: zh[t->policy->rank[i]]);
	step(t, "Still equal: they take turns.", "仍相同则轮流。");
	step(t, "A lead of a known customer goes to that customer's owner if present.", "已有客户的线索直接交给该客户的负责人（在岗时）。");
	section_end(t);
}

static void section_hours(Text *t)
{
	const Policy *p = t->policy;
	section_begin(t, "Out of hours", "下班时间");
	switch (p->out_of_hours) {
	case POLICY_HOLD:
		step(t, "The lead is kept for somebody who fits; one summary at opening, and the countdown starts then.",
			"预留给合适的人，上班时汇总提醒一次，倒计时从上班开始。");
		break;
	case POLICY_ON_CALL:
		step(t, "%s is on call and gets it at once; the countdown runs in real time.", "由值班人员%s立即承接，倒计时按实际时间计算。",
			roster_name(t->roster, p->on_call));
		break;
	case POLICY_TO_POOL:
		step(t, "The lead waits in pool \"%s\" until somebody's shift starts.", "在“%s”等待，直到有人上班。", pool_name(t,
		p->out_of_hours_pool));
		break;
	}
	section_end(t);
}

static void section_clock(Text *t)
{
	const Policy *p = t->policy;
	section_begin(t, "The clock (in the owner's working time)", "计时（按负责人的工作时间）");
	step(t,
		"From the assignment: protected for %s; nobody else may take, edit or contact; "
		"attempts are refused and counted.",
		"分配起：保护 %s，他人不可领取、修改或联系，尝试会被拒绝并计数。", hours(t, p->protection_minutes));
	step(t,
		"%s without a first contact: a miss. The supervisor is told and the lead goes to somebody who has not held it.",
		"%s内未联系：记一次超时，告知主管，并转给未曾经手的人。", hours(t, p->touch_minutes));
	step(t,
		"After %d misses of a lead, or %s since the first assignment: the supervisor becomes owner, the group is told, "
		"and nothing "
		"moves by itself any more.", "同一线索 %d 次流转，或首次分配后满 %s：由主管接手并通知团队，不再自动流转。",
		p->hops_max, hours(t, p->escalate_minutes));
	step(t,
		"A contact needs a method and at least %d characters of summary; it ends the countdown and clears the misses.",
		"联系需注明方式并写至少 %d 个字的摘要；随即停止倒计时并清零超时次数。", p->summary_min);
	step(t,
		"%d misses in a row by one person: no new leads for the working day, untouched ones move on, "
		"until the supervisor lifts it.",
		"个人连续 %d 次超时：当天熔断，不再分配，未联系的线索转出；主管可解除。", p->freeze_misses);
	section_end(t);
}

static const char *returning(const Text *t)
{
	unsigned from = t->policy->return_from;
	if (from == (POLICY_CONTACTING | POLICY_QUALIFIED))
		return t->en ? "in contact or qualified" : "跟进中或已确认";
	if (from == POLICY_CONTACTING)
		return t->en ? "in contact" : "跟进中";
	return t->en ? "qualified" : "已确认";
}

static const char *kept(const Text *t)
{
	switch (t->policy->account_keep) {
	case POLICY_KEEP_OPEN: return t->en ? ", unless an opportunity is open" : "（有进行中商机的除外）";
	case POLICY_KEEP_WON: return t->en ? ", unless an opportunity was won" : "（已成交的除外）";
	case POLICY_KEEP_OPEN | POLICY_KEEP_WON:
		return t->en ? ", unless an opportunity is open or was won" : "（有进行中商机或已成交的除外）";
	default: return "";
	}
}

/* Steps of the section on returning. */
static void section_accounts(Text *t)
{
	const Policy *p = t->policy;
	if (p->account_days == 0) {
		step(t, "Customers stay with their owner.", "客户一直由负责人负责，不自动退回。");
		return;
	}
	step(t, "A customer without an activity or work on an opportunity for %d calendar days returns to pool \"%s\"%s; "
		"its contacts go with it.", "客户满 %d 个自然日没有跟进记录或商机进展，自动退回“%s”%s，联系人随之退回。", p->account_days,
		pool_name(t, p->account_pool), kept(t));
	if (p->account_warn_days)
		step(t, "Its owner is warned %d days before; without a warning no customer returns.",
			"提前 %d 天提醒客户负责人；未提醒过的不会退回。", p->account_warn_days);
	if (p->account_stock_max)
		step(t, "Whoever holds %d customers cannot claim another.", "负责客户满 %d 家者不能再领取。", p->account_stock_max);
}

static void section_return(Text *t)
{
	const Policy *p = t->policy;
	section_begin(t, "Return to the pool", "退回公海");
	if (p->return_days == 0)
		step(t, "Leads stay with their owner until somebody hands them over or returns them.",
			"线索一直由负责人持有，直到移交或主动退回。");
	else
		step(t, "A lead that is %s returns to its pool %d calendar days after the last follow-up or assignment.",
			"%s的线索，距最近一次跟进或分配满 %d 个自然日，自动退回所在线索池。", returning(t), p->return_days);
	if (p->return_days && p->return_warn_days)
		step(t, "Its owner is warned %d days before; without a warning nothing returns.",
			"提前 %d 天提醒负责人；未提醒过的不会退回。", p->return_warn_days);
	if (p->return_days)
		step(t, "It lies there until somebody claims it; nobody is made to take it.", "退回后由同事自愿领取，不自动分配。");
	if (p->cooling_days)
		step(t, "Whoever let it go cannot claim it again for %d days.", "原负责人 %d 天内不能再次领取。", p->cooling_days);
	if (p->stock_max)
		step(t, "Whoever holds %d open leads cannot claim another.", "持有未结线索满 %d 条者不能再领取。", p->stock_max);
	section_accounts(t);
	step(t, "Each pool has its own number of claims a day and person.", "每个线索池另有每人每日领取上限。");
	section_end(t);
}

/* GET /procedure */
static int procedure_write(Call *c)
{
	const char *lang = call_text(c, "lang");
	Text t = {.c = c, .en = lang ? strcmp(lang, "en") == 0 : c->lang == LANG_EN};
	int r = roster_of(c, &t.roster);
	if (r < 0)
		return call_store_failed(c, r);
	if (!t.roster->has_policy)
		return call_fail(c, ERR_NOT_FOUND, "no_policy", "There is no policy yet.", "还没有分配策略。");
	t.policy = &t.roster->policy;
	json_object_begin(&c->json);
	json_member_int(&c->json, "version", t.policy->version);
	json_member_text(&c->json, "title", t.en ? "How a lead finds its person" : "线索分配流程");
	json_key(&c->json, "sections");
	json_array_begin(&c->json);
	section_pools(&t);
	section_filters(&t);
	section_rank(&t);
	section_hours(&t);
	section_clock(&t);
	section_return(&t);
	json_array_end(&c->json);
	flow_write(c, t.roster, t.en);
	json_object_end(&c->json);
	return 0;
}

/* ---- the card ---- */

static const Param procedure_params[] = {{"lang", PARAM_TEXT, PARAM_IN_QUERY, .choices = "zh|en"}, {0}};

static const Endpoint endpoints[] = {
	{"GET", "/procedure", "signed_in", CALL_READ, procedure_params, procedure_write,
		"The policy in force in plain words"},
	{0},
};

const Module procedure_module = {.name = "procedure", .endpoints = endpoints};

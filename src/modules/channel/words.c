/* The titles of cards, by the reason of the alert; the same sentences as on the screen. */
#include <string.h>

#include "modules/channel/channel_int.h"

typedef struct {
	const char *reason, *zh, *zh_many, *en, *en_many;
} Words;

static const Words table[] = {
	{"lead.assigned", "新线索分配给您，请尽快联系", "%lld 条新线索分配给您，请尽快联系", "A new lead is yours: please get in touch",
     "%lld new leads are yours: please get in touch"},
	{"lead.missed", "线索超时未联系，已重新分配", "%lld 条线索超时未联系，已重新分配", "A lead was not contacted in time and moved on",
     "%lld leads were not contacted in time and moved on"},
	{"lead.escalated", "线索已升级给主管", "%lld 条线索已升级给主管", "A lead was escalated to the supervisor",
     "%lld leads were escalated to the supervisor"},
	{"lead.waiting", "有线索无人可分配，正在公海等待", "%lld 条线索无人可分配，正在公海等待", "A lead waits: nobody could get it",
     "%lld leads wait: nobody could get them"},
	{"lead.held", "非工作时间收到线索，开班后开始计时", "非工作时间收到 %lld 条线索，开班后开始计时", "A lead came out of hours; its countdown starts now",
     "%lld leads came out of hours; their countdowns start now"},
	{"lead.repeated", "您的客户再次询盘", "您的客户再次询盘 %lld 次", "Your customer asked again",
		"Your customers asked again %lld times"},
	{"lead.handed_over", "线索已移交给您", "%lld 条线索已移交给您", "A lead was handed over to you",
		"%lld leads were handed over to you"},
	{"lead.idle_soon", "线索久未跟进，即将退回公海", "%lld 条线索久未跟进，即将退回公海",
     "Nobody followed up: a lead returns to the pool soon",
     "Nobody followed up: %lld leads return to the pool soon"},
	{"lead.idle_returned", "线索久未跟进，已退回公海", "%lld 条线索久未跟进，已退回公海",
     "A lead went without follow-up and returned to the pool",
     "%lld leads without follow-up returned to the pool"},
	{"account.idle_soon", "客户久未跟进，即将退回公海", "%lld 家客户久未跟进，即将退回公海",
     "Nobody followed up: a customer returns to the pool soon",
     "Nobody followed up: %lld customers return to the pool soon"},
	{"account.idle_returned", "客户久未跟进，已退回公海", "%lld 家客户久未跟进，已退回公海",
     "A customer went without follow-up and returned to the pool",
     "%lld customers without follow-up returned to the pool"},
	{"lead.follow_up", "到了约定的跟进时间", "%lld 条线索到了约定的跟进时间", "A follow-up is due", "%lld follow-ups are due"},
	{"person.away", "人员不在岗，其线索已重新分配", NULL, "Somebody is away; the leads moved on", NULL},
	{"person.frozen", "连续未响应，已触发熔断", NULL, "Frozen after misses in a row", NULL},
	{"person.released", "熔断已解除", NULL, "The freeze was lifted", NULL},
	{"intake.quarantined", "有询盘进入隔离区，请查看", "%lld 条询盘进入隔离区，请查看", "An enquiry is in quarantine",
		"%lld enquiries are in quarantine"},
	{"channel.down", "消息渠道已暂停，请检查设置", "%lld 个消息渠道已暂停，请检查设置", "A channel is down: please look at its settings",
     "%lld channels are down: please look at their settings"},
	{"service.down", "外部服务没有应答", "外部服务 %lld 次没有应答", "An outside service does not answer",
     "Outside services did not answer %lld times"},
	{"service.up", "外部服务已恢复", NULL, "An outside service is back", NULL},
	{"service.expires", "外部服务的订阅即将到期", NULL, "The subscription of an outside service ends soon", NULL},
	{"service.expired", "外部服务的订阅已到期", NULL, "The subscription of an outside service has ended", NULL},
};

const char *words_title(TALLOC_CTX *ctx, const char *reason, int64_t count, Lang lang)
{
	bool en = lang == LANG_EN;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strcmp(table[i].reason, reason) != 0)
			continue;
		const char *many = en ? table[i].en_many : table[i].zh_many;
		return count > 1 && many ? talloc_asprintf(ctx, many, (long long)count) : en ? table[i].en : table[i].zh;
	}
	if (count > 1)
		return talloc_asprintf(ctx, en ? "%lld new alerts" : "%lld 条新提醒", (long long)count);
	return en ? "A new alert" : "新提醒";
}

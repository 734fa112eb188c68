/* The table of kinds. Its order is that of the form. */
#include <string.h>

#include "modules/channel/kind.h"

extern const ChannelKind kind_wecom_robot, kind_ding_robot, kind_feishu_robot, kind_wecom_app, kind_ding_app,
	kind_feishu_app, kind_wechat, kind_mail, kind_sms, kind_webhook,
	kind_web_push;

const ChannelKind *const kinds[] = {
	&kind_wecom_robot, &kind_ding_robot, &kind_feishu_robot, &kind_wecom_app, &kind_ding_app, &kind_feishu_app,
	&kind_wechat, &kind_mail, &kind_sms, &kind_webhook,
	&kind_web_push, NULL,
};

const ChannelKind *kind_find(const char *name)
{
	for (const ChannelKind *const *k = kinds; *k; k++)
		if (strcmp((*k)->name, name) == 0)
			return *k;
	return NULL;
}

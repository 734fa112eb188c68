/* What failed outside, as a code that is kept and as a sentence that people read: what happened, the code in brackets
 * so that it can be searched for, and what to do next. The codes of the house itself stand in this one list, each with
 * its words; those of a partner stand with its kind (modules/channel/kind.h), in the same shape. */
#pragma once

#include "base/base.h"
#include "call/call.h"

typedef struct {
	const char *zh, *en;       /* what happened, without a full stop */
	const char *do_zh, *do_en; /* what to do next; NULL: nothing, and the code is not shown either */
} FailureWords;

/* X(name, code, zh, en, do_zh, do_en) */
#define FAILURES(X) \
	X(NONE, "", "一切正常", "All is well", NULL, NULL) \
	X(UNREACHABLE, "unreachable", "连接不上对方的服务器", "The server cannot be reached", \
	  "稍后会自动重试；持续不通时请核对地址、网络和防火墙。", \
	  "It is tried again; if that goes on, check address, network and firewall.") \
	X(TIMEOUT, "timeout", "对方没有及时回答", "There was no answer in time", \
	  "稍后会自动重试；经常如此时请检查网络或对方的运行情况。", \
	  "It is tried again; if it happens often, look at the network or at the other side.") \
	X(ADDRESS_REFUSED, "address_refused", "这个地址不允许访问", "This address may not be called", \
	  "地址指向本机或内网；确需使用时请填入“允许的主机”，并使用 https 或 smtps。", \
	  "It leads to this server or a private network, or is not encrypted; name the host as allowed if it is meant.") \
	X(CERTIFICATE, "certificate", "对方的证书不可信或与主机名不符", "The certificate is not trusted or of another host", \
	  "请核对主机名和证书有效期；私有机构签发的证书可用 SSL_CERT_FILE 指定。", \
	  "Check host name and validity; an authority of your own can be named by SSL_CERT_FILE.") \
	X(ANSWER_TOO_LARGE, "answer_too_large", "返回的内容过大", "The answer is too large", \
	  "请核对地址，它返回的不像是接口的应答。", "Check the address: this does not look like an interface's answer.") \
	X(STRANGE_ANSWER, "strange_answer", "返回的内容无法识别", "The answer cannot be understood", \
	  "稍后会自动重试；持续出现时请核对接口地址，中间的代理也可能改写了应答。", \
	  "It is tried again; if that goes on, check the address, and proxies in between.") \
	X(NO_TOKEN, "no_token", "对方没有给出访问凭证", "The partner gave no access token", \
	  "稍后会自动重试；持续出现时请核对应用的标识和密钥。", "It is tried again; if that goes on, check ID and secret of the app.") \
	X(MAIL, "mail", "邮件服务器拒绝", "The mail server refused", "请查看下面服务器的原话，核对用户名、密码和发件地址。", \
	  "See the server's words; check user, password and sender's address.") \
	X(BUSY, "busy", "待发送的请求过多", "Too much waits to be sent", "稍后会自动重试。", "It is tried again.") \
	X(STOPPED, "stopped", "榫卯正在停止，未及完成", "Tenon was stopping", "重新启动后会自动再试。", \
	  "It is tried again after the start.") \
	X(BAD_ADDRESS, "bad_address", "收件人的地址格式不正确", "The receiver's address is malformed", \
	  "请在人员的“渠道”里改正地址。", "Correct the address in the person's channels.") \
	X(NO_ADDRESS, "no_address", "收件人没有填写地址", "No address is known", "请在人员的“渠道”里填写地址。", \
	  "Enter the address in the person's channels.") \
	X(BAD_SETTINGS, "bad_settings", "渠道的设置不完整", "The settings are incomplete", "请打开渠道，补全设置。", \
	  "Open the channel and complete its settings.") \
	X(BAD_SECRET, "bad_secret", "渠道的密钥格式不正确", "The secret is malformed", "请重新填写密钥。", \
	  "Enter the secret again.") \
	X(SECRET_UNREADABLE, "secret_unreadable", "密钥无法读取，密钥文件缺失或已更换", \
	  "The secrets cannot be read: the key file is missing or another one", \
	  "请从备份恢复 secret.key，或重新填写密钥。", "Put secret.key back from a backup, or enter the secrets again.") \
	X(TOO_LARGE, "too_large", "消息过大", "The message is too large", "有备用渠道时改走备用渠道，请在榫卯内查看。", \
	  "It goes by a spare channel if there is one; read it in Tenon.") \
	X(NO_DEVICE, "no_device", "没有已开启通知的设备", "No device wants notifications", \
	  "请本人在“我的渠道”里为设备开启通知。", "The person can ask for them on \"My channels\".") \
	X(DEVICE_GONE, "gone", "设备已不再接收通知", "The device wants no more notifications", \
	  "请本人在该设备上重新开启通知。", "The person can ask for them again on that device.") \
	X(INVALID_USER, "invaliduser", "收件人不在应用的可见范围内，或 userid 有误", \
	  "The person is outside of the app's scope, or the ID is wrong", \
	  "请核对地址，并在企业微信后台把该成员加入应用的可见范围。", \
	  "Check the address, and add the member to the app's visible scope.") \
	X(UNLICENSED_USER, "unlicenseduser", "收件人没有互通账号许可", "The person has no licence for this app", \
	  "请在企业微信后台为该成员分配许可。", "Assign a licence to the member.") \
	X(TEXT_MISSING, "text_missing", "应答里没有约定的内容", "The expected text is missing in the answer", \
	  "请查看对方的页面，或修改期望的内容。", "Look at the page, or change the text that is expected.") \
	X(SILENT, "silent", "比平时安静，可能中断", "It is quieter than usual, and perhaps broken", \
	  "请到来源一侧检查表单或回调是否正常。", "Check form or callback on the other side.") \
	X(SERVICE_DOWN, "service_down", "渠道所依赖的服务中断", "The service behind the channel is down", \
	  "已改走备用渠道，恢复后自动切回。", "The spare channel took over until it is back.") \
	X(SERVICE_EXPIRED, "service_expired", "渠道的订阅已到期", "The subscription of the channel has ended", \
	  "已改走备用渠道；续订后请更新到期日。", "The spare channel took over; renew it and enter the new date.") \
	X(RESTING, "resting", "渠道暂停中", "The channel rests", "已改走备用渠道，之后会自动再试。", \
	  "The spare channel took over; it is tried again.") \
	X(QUIET_HOURS, "quiet_hours", "收件人的免打扰时段", "Quiet hours of the receiver", NULL, NULL) \
	X(READ, "read", "已在榫卯内阅读", "Read in Tenon", NULL, NULL) \
	X(TOUCHED, "touched", "已经联系", "Contacted already", NULL, NULL) \
	X(MOVED_ON, "moved_on", "线索已转给他人", "The lead moved on", NULL, NULL) \
	X(LEAD_GONE, "lead_gone", "线索已删除", "The lead was deleted", NULL, NULL) \
	X(RECEIVER_LEFT, "receiver_left", "收件人已离职", "The receiver has left", NULL, NULL) \
	X(EXPIRED, "expired", "超过时限", "Its time was over", NULL, NULL)

typedef enum {
#define FAILURE_NAME(name, code, zh, en, do_zh, do_en) FAILURE_##name,
	FAILURES(FAILURE_NAME)
#undef FAILURE_NAME
	FAILURE_COUNT
} Failure;

const char *failure_code(Failure failure);
const FailureWords *failure_words(Failure failure);
/* The sentence of a code that was kept: one of the list above, http_N, or a code that nobody knows. NULL for none. */
const char *failure_said(TALLOC_CTX *ctx, const char *code, Lang lang);
/* The same where the codes of partners are not known: those stay as they are. "" for none. */
const char *failure_or_code(TALLOC_CTX *ctx, const char *code, Lang lang);
/* The same with words that the caller has. */
const char *failure_say(TALLOC_CTX *ctx, const FailureWords *words, const char *code, Lang lang);

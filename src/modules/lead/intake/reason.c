/* The table of reasons. What is told to a visitor and what stands on the intake page are the same sentences. */
#include "modules/lead/intake/reason.h"

#include <string.h>

#include "base/utf8.h"
#include "http/http.h"
#include "http/multipart.h"

typedef struct {
	const char *reason;
	const char *en, *zh; /* formats that take the argument, or nothing */
} ReasonWords;

static const ReasonWords words[] = {
	{"unknown_source", "No source has this key; the delivery was kept. Check the address for typing errors.",
     "没有使用该标识的来源，内容已保留。请检查地址是否有误。"},
	{"source_disabled", "The source is switched off.", "该来源已停用。"},
	{"origin_not_allowed", "Browsers may not send from this site; add it to the source's allowed origins.",
     "该网站不在来源的允许列表中，请在来源设置里添加。"},
	{"suspected_bot", "It was filled in like a machine does.", "填写方式像程序。"},
	{"empty", "There is neither a name nor a contact nor a message.", "没有姓名、联系方式或留言。"},
	{"wrong_type", "The field \"%s\" must be a text, not a list or an object.", "字段“%s”应为文本，不能是列表或对象。"},
	{"bad_phone", "This is not a phone number: %s", "电话无法识别：%s"},
	{"bad_email", "This is not a mail address: %s", "邮箱无法识别：%s"},
	{"too_large", "The body is larger than 256 kB; its beginning was kept for a person.",
     "内容超过 256 kB，已保留开头部分供人工处理。"},
	{"bad_json", "The body is not acceptable JSON: %s.", "内容不是可接受的 JSON：%s。"},
	{"bad_form", "The form cannot be read: its pairs or escapes are malformed.",
     "表单无法读取：键值或转义格式不正确。"},
	{"bad_multipart", "The form with files cannot be read: %s.", "带附件的表单无法读取：%s。"},
	{"unwelcome_type", "\"%s\" was left out: files of this kind are not taken.", "“%s”未保留：不接受这种文件。"},
	{"empty_file", "\"%s\" was left out: it is empty.", "“%s”未保留：文件是空的。"},
	{"too_many_files", "\"%s\" was left out: one form brings 10 files at most.", "“%s”未保留：一份表单最多 10 个文件。"},
	{"no_source", "\"%s\" was left out: no source has this key.", "“%s”未保留：没有使用该标识的来源。"},
	{"not_an_object", "The body must be one JSON object.", "内容应为一个 JSON 对象。"},
	{"bad_time", "This is no time, or one in the future: %s", "时间无法识别或在将来：%s"},
	{"unknown_owner", "Nobody, or several, of this name: %s", "没有这个人，或有重名：%s"},
	{"mixed_encoding", "The row is in another encoding than the rest of the file.", "这一行的编码与文件其他部分不同。"},
	{"bad_encoding", "The row has characters that cannot be read.", "这一行有无法识别的字符。"},
	{"nul_byte", "The row holds a zero byte.", "这一行含有空字节。"},
	{"too_long", "The row is too long.", "这一行过长。"},
	{"too_many_cells", "The row has too many columns.", "这一行列数过多。"},
	{"unclosed_quote", "A quotation mark in the row is never closed.", "这一行有引号没有闭合。"},
	{"no_callback", "No push from a platform is set up at this source.", "该来源没有设置平台回调。"},
	{"no_secret", "The secret of the source is missing: enter it again.", "该来源缺少密钥，请重新填写。"},
	{"secret_unreadable", "The token of the source cannot be read: put secret.key back, or enter the token again.",
     "无法读取该来源的 Token：请恢复 secret.key，或重新填写。"},
	{"bad_signature", "The signature does not fit: check the token.", "签名不符，请核对 Token。"},
	{"bad_timestamp", "The time of the push is too far from now; it may be a replay.",
     "推送时间相差过大，可能是重放。"},
	{"bad_key", "The key of the source is none: it has 43 letters and digits.",
     "来源的 EncodingAESKey 无效，应为 43 个字母或数字。"},
	{"bad_base64", "What is encrypted is damaged.", "密文已损坏。"},
	{"bad_padding", "It cannot be decrypted: check the key.", "无法解密，请核对密钥。"},
	{"bad_length", "What was decrypted is damaged: check the key.", "解密后的内容不完整，请核对密钥。"},
	{"wrong_receiver", "It is meant for somebody else: %s", "消息发给的是其他应用：%s"},
	{"bad_message", "It is neither acceptable XML nor JSON, or nothing is encrypted.",
     "内容不是可接受的 XML 或 JSON，或没有密文。"},
	{"bounce", "A mail server reports that a mail did not arrive.", "邮件服务器的退信通知。"},
	{"auto_reply", "An automatic answer; no person wrote it.", "自动回复，不是人写的。"},
	{"auto_generated", "A machine sent this mail, and it is no filled form.", "由程序发出的邮件，也不是填写的表单。"},
	{"mailing_list", "A newsletter or mailing list.", "群发邮件或邮件列表。"},
	{"sender_not_listed", "The sender is not on the list of this source: %s", "发件人不在该来源的允许名单中：%s"},
	{"mail_unreadable", "The mail server does not hand this mail out; look at it in the mailbox: %s",
     "邮件服务器没有给出这封邮件，请到邮箱中查看：%s"},
	{"pull_unreachable", "The server cannot be reached: %s", "无法连接服务器：%s"},
	{"pull_timeout", "The server does not answer in time.", "服务器没有在限定时间内应答。"},
	{"pull_refused", "This address may not be called: %s", "不允许连接该地址：%s"},
	{"pull_denied", "The server does not take user and password. Many providers want a code for mail programs "
	 "instead of the password.", "服务器不接受用户名和密码。多数邮箱要求使用客户端授权码，而不是登录密码。"},
	{"tls_issuer", "No authority that is trusted here vouches for the server's certificate, so no password was sent. "
	 "Ask the provider, or let the house trust that authority (SSL_CERT_FILE).",
     "服务器证书不是由受信任的机构签发，没有发出密码。请联系服务商，或让系统信任该机构（SSL_CERT_FILE）。"},
	{"tls_host", "The server's certificate is for another host name, so no password was sent. Enter the name that the "
	 "provider gives.", "服务器证书与主机名不符，没有发出密码。请填写服务商给出的主机名。"},
	{"tls_expired", "The server's certificate has expired or is not valid yet, so no password was sent. Ask the "
	 "provider, and look at the clock of this machine.",
     "服务器证书已过期或尚未生效，没有发出密码。请联系服务商，并核对本机时间。"},
	{"tls_unfit", "The server's certificate cannot be trusted, so no password was sent: %s",
     "服务器证书不可信，没有发出密码：%s"},
	{"tls_not_offered", "The server offers no STARTTLS, so no password was sent. Choose TLS from the beginning (port "
	 "993), or ask the provider.", "服务器不提供 STARTTLS，没有发出密码。请改用 TLS（端口 993），或咨询服务商。"},
	{"tls_broken", "The encrypted connection did not come about, so no password was sent. Look at port and kind of "
	 "encryption, else try again later.", "加密连接未能建立，没有发出密码。请核对端口和加密方式，或稍后再试。"},
	{"kf_secret", "WeCom does not take corp ID and secret: copy both from the console again, the secret from the page "
	 "of the customer service. (%s)",
     "企业微信不接受企业 ID 和 Secret：请在管理后台重新复制，Secret 在“微信客服”页面。（%s）"},
	{"kf_not_allowed", "The app may not read messages of the customer service: name it in the console under the apps "
	 "that may, with this account. (%s)",
     "应用没有读取微信客服消息的权限：请在管理后台“微信客服”的“可调用接口的应用”中加入应用和客服账号。（%s）"},
	{"kf_address", "WeCom does not know this server's address: add it to the trusted addresses of the app. (%s)",
     "本服务器的 IP 不在可信 IP 中：请在管理后台把出口 IP 加入“企业可信 IP”。（%s）"},
	{"kf_no_account", "The account of the customer service does not exist any more; the others go on. (%s)",
     "客服账号已不存在，其他账号照常收取。（%s）"},
	{"kf_unknown", "WeCom gave a code that Tenon does not know; it is tried again. Look it up in WeCom's list of "
	 "codes. (%s)", "企业微信给出了榫卯不认识的代码，将会重试；请对照企业微信的全局错误码。（%s）"},
	{"pull_missing", "The server has no such folder: %s", "服务器上没有这个文件夹：%s"},
	{"pull_strange", "The server answers what cannot be understood: %s", "服务器的应答无法理解：%s"},
	{"pull_limited", "The platform asks to wait: %s", "平台要求稍后再试：%s"},
	{"pull_interrupted", "The visit was interrupted; it is made again.", "收取被中断，将会重试。"},
	{"pull_store", "What was fetched could not be kept; it is fetched again.", "收到的内容未能保存，将会重新收取。"},
	{"bad_request", "This was no request that can be understood: %s", "请求无法理解：%s"},
};

const char *reason_argument(TALLOC_CTX *ctx, const char *text)
{
	return text ? talloc_strndup(ctx, text, utf8_valid_len(text, strnlen(text, REASON_ARGUMENT_MAX))) : NULL;
}

const char *reason_text(TALLOC_CTX *ctx, const char *reason, const char *argument, Lang lang)
{
	bool in_chinese = lang == LANG_ZH;
	const char *about = argument ? argument : "";
	if (reason && strcmp(reason, "bad_request") == 0 && http_refusal_text(about, in_chinese))
		about = http_refusal_text(about, in_chinese);
	if (reason && strcmp(reason, "bad_multipart") == 0 && http_multipart_fault(about, in_chinese))
		about = http_multipart_fault(about, in_chinese);
	for (size_t i = 0; reason && i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].reason, reason) == 0)
			return talloc_asprintf(ctx, in_chinese ? words[i].zh : words[i].en, about);
	return argument;
}

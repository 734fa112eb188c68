export default {
	offline: '无法连接服务器。内容已保留，请检查网络后重试。',
	unexpected: '服务器返回了意外的结果（{status}）。请重试；若仍出现，请联系管理员。',
	unknown: '页面遇到问题，请重试。',
}

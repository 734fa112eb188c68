export default {
	offline: '无法连接服务器。内容已保留，请检查网络后重试。',
	late: '服务器没有及时回答。请重试；同一件事不会做两次。',
	tooLarge: '内容太大，发不到服务器。请分小一些再发。',
	tooOften: '操作太频繁，请稍后再试。',
	tooOftenUntil: '操作太频繁，请 {n} 秒后再试。',
	unexpected: '服务器返回了意外的结果（{status}）。请重试；若仍出现，请联系管理员。',
	unknown: '页面遇到问题，请重试。',
}

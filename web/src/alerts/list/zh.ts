export default {
	alertsNone: '没有提醒',
	alertsNoneDetail: '新线索、超时和移交会出现在这里。',
	readAll: '全部标为已读',
	soundOn: '声音',
	notifyOn: '浏览器通知',
	notifyBlocked: '浏览器已禁止通知，请在网站设置中允许。',
}

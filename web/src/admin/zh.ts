export default {
	board: '主管看板',
	intake: '进件',
	procedure: '分配规程',
	policy: '分配策略',
	sources: '来源',
	pools: '线索池',
	people: '人员与部门',
	calendars: '工作时间',
	territories: '区域与技能',
	access: '密钥与登录',
	setup: '初次设置',
}

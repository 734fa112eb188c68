export default {
	edit: '编辑{name}',
	save: '保存',
	saved: '已保存：{name}',
	cancel: '取消',
	empty: '空',
	restored: '这是您上次没有保存的内容。',
	restoredOn: '这是您上次没有保存的内容。这一项后来已改为：{value}',
	yes: '是',
	no: '否',
	searchRef: '输入名称搜索',
	noMatch: '没有找到',
	none: '不选择',
}

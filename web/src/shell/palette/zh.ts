export default {
	goTo: '跳转到',
	foundLeads: '线索',
	acts: '操作',
	newLead: '新建线索',
	inAllLeads: '在全部线索中查找“{text}”',
	nothingFound: '没有找到“{text}”',
}

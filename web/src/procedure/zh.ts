export default {
	title: '分配规程',
	version: '版本 {n}',
	flow: '流程图',
	flowLabel: '分配流程图，版本 {n}；下文以文字说明同样的规则',
	export: '导出 SVG',
	all: '查看完整规程',
}

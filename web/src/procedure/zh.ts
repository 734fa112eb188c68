export default {
	title: '分配规程',
	version: '版本 {n}',
	all: '查看完整规程',
}

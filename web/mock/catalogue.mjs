// The catalogue of objects as GET /objects tells it.
const f = (name, zh, en, type, more = {}) => ({ name, zh, en, type, ...more })
const choices = (...list) => list.map(([value, zh, en]) => ({ value, zh, en }))
const owner = f('owner', '负责人', 'Owner', 'ref', { ref: 'user' })
const created = f('created_at', '创建时间', 'Created', 'time', { read_only: true })
const STATUS = choices(['new', '新线索', 'New'], ['contacting', '跟进中', 'Contacting'], ['qualified', '已确认', 'Qualified'], ['converted', '已转化', 'Converted'], ['invalid', '无效', 'Invalid'])
const KIND = choices(['call', '电话', 'Call'], ['wechat', '微信', 'WeChat'], ['visit', '拜访', 'Visit'], ['meeting', '会议', 'Meeting'], ['mail', '邮件', 'Mail'], ['chat', '在线沟通', 'Chat'], ['note', '备注', 'Note'])

export const objects = [
	{ name: 'lead', zh: '线索', en: 'Lead', title: 'name', fields: [
		f('name', '姓名', 'Name', 'text', { max: 100 }), f('company', '公司', 'Company', 'text', { max: 200 }), f('phone', '电话', 'Phone', 'phone'), f('email', '邮箱', 'Email', 'email'),
		f('province', '省', 'Province', 'text'), f('city', '市', 'City', 'text'), f('district', '区/县', 'District', 'text'), f('message', '留言', 'Message', 'long_text', { max: 4000 }),
		f('status', '状态', 'Status', 'choice', { choices: STATUS, read_only: true }), owner, f('team', '部门', 'Team', 'ref', { ref: 'team', read_only: true }), f('pool', '公海', 'Pool', 'ref', { ref: 'pool', read_only: true }),
		f('source', '来源', 'Source', 'ref', { ref: 'source' }), f('score', '评分', 'Score', 'int', { read_only: true }), f('next_follow_up_at', '下次跟进', 'Next follow-up', 'time'), created,
		f('first_touch_at', '首次联系', 'First contact', 'time', { read_only: true }),
	] },
	{ name: 'account', zh: '客户', en: 'Customer', title: 'name', fields: [f('name', '客户名称', 'Name', 'text', { required: true, max: 200 }), f('code', '统一社会信用代码', 'Credit code', 'text', { max: 18 }), f('phone', '电话', 'Phone', 'phone'), f('level', '级别', 'Level', 'choice', { choices: choices(['key', '重点', 'Key'], ['normal', '普通', 'Normal'], ['potential', '潜在', 'Potential']) }), f('province', '省', 'Province', 'text'), f('city', '市', 'City', 'text'), owner, created] },
	{ name: 'contact', zh: '联系人', en: 'Contact', title: 'name', fields: [f('name', '姓名', 'Name', 'text', { required: true }), f('title', '职务', 'Title', 'text'), f('phone', '电话', 'Phone', 'phone'), f('account', '客户', 'Customer', 'ref', { ref: 'account' }), created] },
	{ name: 'opportunity', zh: '商机', en: 'Opportunity', title: 'name', fields: [f('name', '商机名称', 'Name', 'text', { required: true }), f('account', '客户', 'Customer', 'ref', { ref: 'account' }), f('amount', '预计金额', 'Amount', 'money'), f('stage', '阶段', 'Stage', 'choice', { choices: choices(['contact', '初步接触', 'First contact'], ['needs', '需求确认', 'Needs'], ['proposal', '方案报价', 'Proposal'], ['negotiation', '合同谈判', 'Negotiation'], ['won', '赢单', 'Won'], ['lost', '输单', 'Lost']) }), owner, created] },
	{ name: 'activity', zh: '跟进记录', en: 'Activity', title: 'summary', fields: [f('kind', '方式', 'Method', 'choice', { choices: KIND, required: true }), f('summary', '摘要', 'Summary', 'long_text', { required: true }), f('lead', '线索', 'Lead', 'ref', { ref: 'lead' }), owner, f('at', '时间', 'Time', 'time'), created] },
	{ name: 'task', zh: '任务', en: 'Task', title: 'name', fields: [f('name', '任务', 'Task', 'text', { required: true }), f('due_at', '截止时间', 'Due', 'time'), f('done_at', '完成于', 'Done at', 'time'), f('lead', '线索', 'Lead', 'ref', { ref: 'lead' }), owner, created] },
	{ name: 'territory', zh: '区域', en: 'Territory', title: 'name', fields: [f('name', '名称', 'Name', 'text', { required: true })] },
	{ name: 'skill', zh: '技能', en: 'Skill', title: 'name', fields: [f('name', '名称', 'Name', 'text', { required: true })] },
]

// A believable Chinese company, made anew (and always alike) at each start; all times are relative to now.
import { id } from './http.mjs'

let seed = 20261123
export function random(n) {
	seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
	return Math.floor((seed / 4294967296) * n)
}
export const pick = (list) => list[random(list.length)]
export const at = (ms) => new Date(Date.now() + ms).toISOString()
const MIN = 60_000
const DAY = 86_400_000

const SURNAMES = [...'赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹苏潘葛范彭鲁韦马方俞任袁柳唐罗薛雷贺']
const GIVEN = ['伟', '芳', '敏', '静', '磊', '洋', '艳', '勇', '杰', '娟', '涛', '明', '超', '霞', '平', '刚', '晓燕', '建国', '思远', '雨桐', '子涵', '浩然', '欣怡', '俊杰']
const CITIES = [
	['上海市', '上海市', '浦东新区'], ['上海市', '上海市', '嘉定区'], ['江苏省', '苏州市', '吴中区'], ['江苏省', '南京市', '江宁区'], ['浙江省', '杭州市', '余杭区'],
	['浙江省', '宁波市', '鄞州区'], ['广东省', '深圳市', '宝安区'], ['广东省', '广州市', '黄埔区'], ['四川省', '成都市', '武侯区'], ['湖北省', '武汉市', '洪山区'], ['北京市', '北京市', '海淀区'],
]
const BRAND = ['华信', '明途', '中科', '蓝海', '云起', '金穗', '恒达', '启航', '天元', '博瑞', '远景', '鼎盛', '瑞丰', '宏图', '新元', '安泰']
const TRADE = ['智能科技', '精密机械', '新能源', '医疗器械', '供应链', '电子商务', '食品', '教育科技', '自动化设备', '包装材料']
const ASK = [
	'想了解产线数据采集方案，大概 30 台设备，需要和现有 ERP 对接，请尽快联系。', '请问是否支持私有化部署？方便的话发一份报价单。', '展会上看过演示，希望安排一次上门交流。',
	'我们在对比两家供应商，想先做一个月的试用。', '需要一份针对医疗器械行业的案例。', '预算已经批下来了，月底前要定供应商。', '咨询售后服务范围和响应时间。', '',
]

export const person = () => pick(SURNAMES) + pick(GIVEN)
const company = (city) => `${city.replace('市', '')}${pick(BRAND)}${pick(TRADE)}${pick(['有限公司', '股份有限公司'])}`
const mobile = () => `+861${pick(['38', '39', '50', '86', '77', '59'])}${String(10_000_000 + random(89_999_999))}`

function people(teams) {
	const admin = { id: id(), version: 1, name: '系统管理员', login: 'admin', role: 'administrator', team: null, active: true, absent: false }
	const staff = teams.flatMap((team, t) =>
		Array.from({ length: 5 }, (_, n) => ({
			id: id(), version: 1, name: person(), login: `user${t * 5 + n + 1}`, role: n === 0 ? 'supervisor' : 'salesperson', team: team.id, active: true, absent: false,
			weight: 1 + random(5), capacity: 60,
		})),
	)
	return [admin, ...staff]
}

export function countdown(lead, now = Date.now()) {
	if (lead.first_touch_at || !lead.owner) return { state: 'none', respond_by: null, starts_at: null, total_ms: 300_000, left_ms: 0 }
	if (lead._held) return { state: 'held', respond_by: at(lead._held + 300_000), starts_at: at(lead._held), total_ms: 300_000, left_ms: 300_000 }
	const by = Date.parse(lead._assigned) + 300_000
	return { state: 'running', respond_by: new Date(by).toISOString(), starts_at: null, total_ms: 300_000, left_ms: Math.max(0, by - now) }
}

function lead(base, n) {
	const [province, city, district] = pick(CITIES)
	const age = Math.floor((n / base.total) * 120 * DAY) + random(4 * 3_600_000) + 10 * MIN
	const status = pick(['contacting', 'contacting', 'contacting', 'qualified', 'qualified', 'converted', 'invalid'])
	const created = at(-age)
	return {
		id: id(), version: 1 + random(4), name: person(), company: company(city), phone: mobile(), email: random(3) ? `contact${n}@example.com` : null,
		province, city, district, message: pick(ASK) || null, status, owner: pick(base.sellers).id, team: null, pool: base.pools[0].id,
		source: pick(base.sources).id, score: random(100), created_at: created, first_touch_at: at(-age + 3 * MIN + random(60 * MIN)),
		next_follow_up_at: status === 'contacting' && random(2) ? at(random(6 * DAY) - DAY) : null, _assigned: created,
	}
}

/** The untouched ones: some for `first` with the clock running, one held, some waiting in the pool. */
function untouched(base, leads) {
	const mine = base.sellers[0]
	const ages = [0.6, 1.7, 3.9, 4.6]
	ages.forEach((minutes, n) => Object.assign(leads[n], { owner: mine.id, status: 'new', first_touch_at: null, next_follow_up_at: null, created_at: at(-minutes * MIN), _assigned: at(-minutes * MIN), _unread: n < 2, message: ASK[n] }))
	Object.assign(leads[4], { owner: mine.id, status: 'new', first_touch_at: null, _assigned: at(-MIN), created_at: at(-MIN), _held: 95 * MIN, next_follow_up_at: null })
	for (let n = 5; n < 12; n++) Object.assign(leads[n], { owner: null, status: 'new', first_touch_at: null, next_follow_up_at: null, created_at: at(-(n + 20) * MIN) })
	for (let n = 12; n < 20; n++) Object.assign(leads[n], { owner: base.sellers[n % base.sellers.length].id, status: 'new', first_touch_at: null, created_at: at(-n * 20_000), _assigned: at(-n * 20_000) })
	for (let n = 20; n < 26; n++) Object.assign(leads[n], { owner: mine.id, status: 'contacting', next_follow_up_at: at((n - 22) * 3 * 3_600_000) })
}

export function makeData(total) {
	const teams = ['华东一部', '华东二部', '华南部', '西南部', '华中部', '华北部'].map((name) => ({ id: id(), version: 1, name }))
	const users = people(teams)
	for (const team of teams) team.head = users.find((user) => user.team === team.id)?.id
	const sources = [['官网表单', 'website', 'high'], ['展会扫码', 'expo', 'medium'], ['400 来电', 'call', 'low'], ['小程序', 'miniapp', 'high'], ['百度推广', 'baidu', 'medium']].map(
		([name, key, grade], n) => ({ id: id(), version: 1, name, key, grade, weight: 5 - n, enabled: true }),
	)
	const pools = ['默认公海', '华南公海'].map((name) => ({ id: id(), version: 1, name }))
	const sellers = users.filter((user) => user.role === 'salesperson')
	const base = { teams, users, sources, pools, sellers, total }
	const leads = Array.from({ length: total }, (_, n) => lead(base, n))
	untouched(base, leads)
	leads.forEach((row, n) => (row.duplicate_mark = n % 37 === 6 ? 'high' : n % 23 === 4 ? 'similar' : 'none'))
	for (const row of leads) row.team = users.find((user) => user.id === row.owner)?.team ?? null
	const account = Array.from({ length: 60 }, () => {
		const [province, city] = pick(CITIES)
		return { id: id(), version: 1, name: company(city), code: null, level: pick(['key', 'normal', 'potential']), phone: mobile(), province, city, owner: pick(sellers).id, created_at: at(-random(300) * DAY) }
	})
	const contact = account.flatMap((a) => [{ id: id(), version: 1, name: person(), title: pick(['总经理', '采购经理', '技术总监']), phone: mobile(), account: a.id, created_at: a.created_at }])
	const opportunity = account.slice(0, 40).map((a) => ({
		id: id(), version: 1, name: `${a.name.slice(0, 6)}采购项目`, account: a.id, amount: `${(1 + random(90)) * 10_000}.00`, stage: pick(['contact', 'needs', 'proposal', 'won', 'lost']), owner: a.owner, created_at: at(-random(90) * DAY),
	}))
	const task = leads.slice(20, 28).map((l) => ({ id: id(), version: 1, name: `回访 ${l.name}`, due_at: at(random(3 * DAY) - DAY), done_at: null, owner: l.owner, lead: l.id, created_at: at(-DAY) }))
	const activity = leads.slice(20, 60).map((l) => ({
		id: id(), version: 1, kind: pick(['call', 'wechat', 'visit']), summary: '已与客户沟通需求，确认了设备数量与预算，下周安排演示。', lead: l.id, owner: l.owner, at: at(-random(5 * DAY)), created_at: at(-random(5 * DAY)),
	}))
	const tables = { lead: leads, account, contact, opportunity, activity, task, user: users, team: teams, source: sources, pool: pools, territory: [], skill: [], calendar: [] }
	return { ...base, tables, leads, bin: new Map(), changes: new Map(), alerts: [] }
}

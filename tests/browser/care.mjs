// Backup and health: one now with its progress and its check, the schedule, and what doctor and verify find.
import { assert, axe, person, shot, signIn, until } from './lib.mjs'
import { admin } from './lib/staff.mjs'

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	const clean = async () => {
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	}

	await check('a backup is made now, shows its progress, and is listed with its check', async () => {
		const before = (await call('GET', '/care/backups')).items.length
		await page.goto('/settings/care')
		await page.getByRole('button', { name: '立即备份' }).first().click()
		await until(async () => (await call('GET', '/care/backups')).items.length === before + 1, 'the backup is there')
		await page.getByText('完好').first().waitFor()
		await page.getByText('手动').first().waitFor()
		await clean()
	})

	await check('the schedule is changed, and a folder that cannot be is refused at its field', async () => {
		await page.getByRole('button', { name: '自动备份' }).click()
		const dialog = page.getByRole('dialog')
		await dialog.getByLabel('存放位置').fill('backups/here')
		await dialog.getByRole('button', { name: '保存' }).click()
		await dialog.getByText('完整路径').first().waitFor()
		await clean()
		await dialog.getByLabel('存放位置').fill('')
		await dialog.getByLabel('时间').selectOption('4')
		await dialog.getByRole('switch', { name: '备份中不含密钥' }).press(' ')
		await shot(page, 'care-plan')
		await dialog.getByRole('button', { name: '保存' }).click()
		await dialog.waitFor({ state: 'detached' })
		const { settings } = await call('GET', '/care/backups')
		assert(settings.hour === 4 && settings.without_key, JSON.stringify(settings))
	})

	await check('a backup without the key says so', async () => {
		const before = (await call('GET', '/care/backups')).items.length
		await page.getByRole('button', { name: '立即备份' }).first().click()
		await until(async () => (await call('GET', '/care/backups')).items.length === before + 1, 'the backup is there')
		await page.getByText('不含密钥').first().waitFor()
		await shot(page, 'care-list')
		await clean()
		await call('PUT', '/care/settings', { without_key: false })
	})

	await check('the house is looked at', async () => {
		await page.getByRole('tab', { name: '体检' }).click()
		await page.getByText('磁盘空间').waitFor()
		await page.getByText('数据', { exact: true }).waitFor()
		await clean()
	})

	assert(complaints.length === 0, complaints.join('\n'))
	await context.close()
}

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { asTime, money, number } from './values'
import { ago, clock, date, duration, phone } from './format'
import { setLang } from './i18n'

beforeEach(() => {
	setLang('zh')
	vi.useFakeTimers({ now: new Date(2026, 10, 23, 15, 0, 0) })
	return () => vi.useRealTimers()
})

const at = (...parts: [number, number, number, number?, number?]) => new Date(...parts).toISOString()

describe('amounts', () => {
	it('are shown from their exact text, however large (F7)', () => {
		expect(money('9007199254740993.10')).toBe('¥9,007,199,254,740,993.10')
		expect(money('-1200.5000')).toBe('-¥1,200.50')
		expect(money('0')).toBe('¥0')
		expect(money(null)).toBe('')
		expect(number('1234567.125')).toBe('1,234,567.125')
	})
})

describe('dates', () => {
	it('are near words or short', () => {
		expect(date(at(2026, 10, 23, 1))).toBe('今天')
		expect(date(at(2026, 10, 22, 23))).toBe('昨天')
		expect(date(at(2026, 11, 5))).toBe('12-05')
		expect(date(at(2025, 11, 5))).toBe('2025-12-05')
	})

	it('name the month in English, so that 12-05 is neither May nor December', () => {
		setLang('en')
		expect(date(at(2026, 11, 5))).toBe('5 Dec')
		expect(date(at(2025, 11, 5))).toBe('5 Dec 2025')
		expect(date(at(2026, 10, 22, 23))).toBe('yesterday')
	})

	it('take milliseconds as history keeps them', () => {
		expect(asTime(1795420613363)).toBe(new Date(1795420613363).toISOString())
		expect(asTime('nonsense')).toBeNull()
	})
})

describe('durations', () => {
	it('count down without going below zero', () => {
		expect(clock(299_001)).toBe('5:00')
		expect(clock(3_661_000)).toBe('1:01:01')
		expect(clock(-5)).toBe('0:00')
	})

	it('say one unit', () => {
		expect(duration(7_300_000)).toBe('2 小时')
		expect(ago(at(2026, 10, 23, 14, 48))).toBe('12 分钟前')
		setLang('en')
		expect(ago(at(2026, 10, 23, 14, 48))).toBe('12 min ago')
	})
})

it('phone numbers are grouped as people read them', () => {
	expect(phone('+8613800138000')).toBe('138 0013 8000')
	expect(phone('+862161234567')).toBe('+862161234567')
})

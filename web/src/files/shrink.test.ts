import { describe, expect, it, vi } from 'vitest'
import { asJpegName, fitted, shrunk } from './shrink'

describe('shrink', () => {
	it('keeps the proportion and never enlarges', () => {
		expect(fitted(4000, 3000)).toEqual({ width: 1600, height: 1200 })
		expect(fitted(3000, 4000)).toEqual({ width: 1200, height: 1600 })
		expect(fitted(800, 600)).toEqual({ width: 800, height: 600 })
		expect(fitted(100_000, 1)).toEqual({ width: 1600, height: 1 })
	})

	it('gives a JPEG its ending', () => {
		expect(asJpegName('IMG_1.HEIC')).toBe('IMG_1.jpg')
		expect(asJpegName('现场.照片.png')).toBe('现场.照片.jpg')
		expect(asJpegName('.png')).toBe('photo.jpg')
	})

	it('sends as it is what is no picture, or one that cannot be read', async () => {
		vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('unreadable')))
		const text = new File(['x'], 'a.txt', { type: 'text/plain' })
		const broken = new File(['x'], 'a.heic', { type: 'image/heic' })
		expect(await shrunk(text)).toEqual({ blob: text, name: 'a.txt' })
		expect(await shrunk(broken)).toEqual({ blob: broken, name: 'a.heic' })
	})
})

/* Photos of a phone have ten times the points a screen shows: they are made smaller before they go over the air. What the browser
 * cannot read, and what would not become smaller, goes as it is. */
const SIDE_MAX = 1600
const QUALITY = 0.85
const SMALL_ENOUGH = 400_000

/** Both sides within SIDE_MAX, in the same proportion. */
export function fitted(width: number, height: number): { width: number; height: number } {
	const scale = Math.min(1, SIDE_MAX / Math.max(width, height))
	return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** "IMG_1.HEIC" becomes "IMG_1.jpg". */
export const asJpegName = (name: string) => `${name.replace(/\.[^.]{1,5}$/, '') || 'photo'}.jpg`

async function drawn(picture: ImageBitmap): Promise<Blob | null> {
	const size = fitted(picture.width, picture.height)
	const canvas = document.createElement('canvas')
	canvas.width = size.width
	canvas.height = size.height
	const context = canvas.getContext('2d')
	if (!context) return null
	context.fillStyle = '#fff'
	context.fillRect(0, 0, size.width, size.height)
	context.drawImage(picture, 0, 0, size.width, size.height)
	return new Promise((done) => canvas.toBlob(done, 'image/jpeg', QUALITY))
}

export async function shrunk(file: File): Promise<{ blob: Blob; name: string }> {
	const whole = { blob: file as Blob, name: file.name }
	if (!file.type.startsWith('image/')) return whole
	try {
		const picture = await createImageBitmap(file)
		const foreign = !['image/jpeg', 'image/png', 'image/webp'].includes(file.type)
		const large = file.size > SMALL_ENOUGH || Math.max(picture.width, picture.height) > SIDE_MAX
		const blob = large || foreign ? await drawn(picture) : null
		picture.close()
		return blob && (blob.size < file.size || foreign) ? { blob, name: asJpegName(file.name) } : whole
	} catch {
		return whole
	}
}

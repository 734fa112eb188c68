import { describe, expect, it } from 'vitest'
import { eventParser, type StreamEvent } from './stream'

function parse(...chunks: string[]): StreamEvent[] {
	const events: StreamEvent[] = []
	const feed = eventParser((event) => events.push(event))
	chunks.forEach(feed)
	return events
}

describe('eventParser', () => {
	it('puts an event together from pieces cut anywhere', () => {
		expect(parse('id: 4', '1\nda', 'ta: {"a"', ':1}\n', '\n')).toEqual([{ id: '41', data: '{"a":1}' }])
	})

	it('passes over heartbeats and keeps the last id', () => {
		expect(parse(': beat\n\nid: 7\ndata: x\n\n: beat\n\ndata: y\n\n')).toEqual([
			{ id: '7', data: 'x' },
			{ id: '7', data: 'y' },
		])
	})

	it('joins lines of data and takes every kind of line end', () => {
		expect(parse('data: a\r\ndata: b\r\n\r\n')).toEqual([{ id: '', data: 'a\nb' }])
	})

	it('does not emit what is not finished', () => {
		expect(parse('data: half\n')).toEqual([])
	})
})

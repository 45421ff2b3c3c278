import type { FastifyReply, FastifyRequest } from 'fastify'
import { EventEmitter } from 'node:events'
import { InHand } from './in-hand'

describe('the requests in hand', () => {
  const inHand = () => new InHand({ own: 8, forwarded: 8 })
  const admit = (
    hand: InHand,
    method: string,
    more: { url?: string; forwarded?: boolean; headers?: object } = {},
  ): EventEmitter => {
    const raw = new EventEmitter()
    const request = { method, url: '/v1/objects', forwarded: false, headers: {}, ...more } as FastifyRequest
    hand.admit(request, { raw } as unknown as FastifyReply)
    return raw
  }
  const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work)
  const refused = expect.objectContaining({ code: 'too-many-requests' })

  it('are so many and no more, until one is answered', () => {
    const hand = inHand()
    const open = times(8, () => admit(hand, 'GET'))
    expect(() => admit(hand, 'GET')).toThrow(refused)
    open[3]!.emit('close')
    admit(hand, 'GET')
    expect(() => admit(hand, 'GET')).toThrow(refused)
  })

  it('leave room for reads, however many others wait for the log', () => {
    const hand = inHand()
    const writes = times(3, () => admit(hand, 'PUT'))
    times(2, () => admit(hand, 'GET', { headers: { 'quorate-min-position': '0@1' } }))
    admit(hand, 'GET', { url: '/v1/objects/x?stale=allow&wait=60s' })
    expect(() => admit(hand, 'GET', { url: '/v1/objects?wait=1s' })).toThrow(refused)
    expect(() => admit(hand, 'DELETE')).toThrow(refused)
    times(2, () => admit(hand, 'GET'))
    expect(() => admit(hand, 'HEAD')).toThrow(refused)
    writes[0]!.emit('close')
    admit(hand, 'POST')
    expect(() => admit(hand, 'POST')).toThrow(refused)
  })

  it('of clients and of other instances are counted apart', () => {
    const hand = inHand()
    times(8, () => admit(hand, 'GET'))
    times(8, () => admit(hand, 'GET', { forwarded: true }))
    expect(() => admit(hand, 'GET', { forwarded: true })).toThrow(refused)
  })

  it('never keep anybody from asking how the instance is', () => {
    const hand = inHand()
    times(8, () => admit(hand, 'GET'))
    for (const url of ['/livez', '/readyz?verbose', '/metrics']) times(20, () => admit(hand, 'GET', { url }))
    expect(() => admit(hand, 'GET', { url: '/livezz' })).toThrow(refused)
    expect(() => admit(hand, 'GET', { url: '/openapi.json' })).toThrow(refused)
  })
})

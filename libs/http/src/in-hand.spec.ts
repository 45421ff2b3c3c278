import type { FastifyReply, FastifyRequest } from 'fastify'
import { EventEmitter } from 'node:events'
import { InHand } from './in-hand'
import { callerOf, networkOf } from './slots'

describe('the requests in hand', () => {
  let caller = 0
  const inHand = () => new InHand({ own: 8, forwarded: 8 })
  const admit = (
    hand: InHand,
    method: string,
    more: { url?: string; forwarded?: boolean; headers?: object; from?: string; principal?: { name: string } } = {},
  ): EventEmitter => {
    const raw = new EventEmitter()
    const { from = `10.0.0.${(caller = (caller + 1) % 250)}`, ...rest } = more
    const request = {
      ...{ method, url: '/v1/objects', forwarded: false, headers: {}, raw: { socket: { remoteAddress: from } } },
      ...rest,
    } as unknown as FastifyRequest
    request.caller = callerOf(request)
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

  it('are shared: one caller gets three quarters, and others still get theirs', () => {
    const hand = inHand()
    const one = { from: '10.1.1.1' }
    const open = times(6, () => admit(hand, 'GET', one))
    expect(() => admit(hand, 'GET', one)).toThrow(refused)
    admit(hand, 'GET', { from: '10.1.1.2' })
    expect(() => admit(hand, 'GET', one)).toThrow(refused)
    admit(hand, 'GET', { ...one, principal: { name: 'another' } })
    expect(() => admit(hand, 'GET')).toThrow(refused)
    open[0]!.emit('close')
    open[1]!.emit('close')
    admit(hand, 'GET', one)
    expect(() => admit(hand, 'GET', one)).toThrow(refused)
  })

  it('that wait are shared too, of clients and of each instance', () => {
    for (const more of [{ from: '10.1.1.1' }, { from: '10.1.1.1', forwarded: true }]) {
      const hand = inHand()
      times(5, () => admit(hand, 'PUT', more))
      expect(() => admit(hand, 'PUT', more)).toThrow(refused)
      admit(hand, 'PUT', { ...more, from: '10.1.1.2' })
      expect(() => admit(hand, 'PUT', { ...more, from: '10.1.1.3' })).toThrow(refused)
      admit(hand, 'GET', { ...more, from: '10.1.1.3' })
    }
  })

  it('count a network of IPv6 as one caller', () => {
    const hand = inHand()
    for (const from of ['2001:db8::1', '2001:db8:0:0:7::', '2001:db8::ffff:1.2.3.4', '2001:db8:0:0:1:2:3:4', '2001:db8::2', '2001:db8::3']) admit(hand, 'GET', { from }) // prettier-ignore
    expect(() => admit(hand, 'GET', { from: '2001:db8::9%eth0' })).toThrow(refused)
    admit(hand, 'GET', { from: '2001:db8:0:1::9' })
    expect(['::ffff:10.0.0.1', '::1', '10.0.0.1'].map(networkOf)).toEqual(['10.0.0.1', '0:0:0:0', '10.0.0.1'])
  })
})

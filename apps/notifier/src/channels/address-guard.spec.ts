import type { LookupAddress } from 'node:dns'
import { AddressRefused, allowList, guardedLookup, isAllowed, LOOPBACK } from './address-guard'

const none = allowList([])

it.each([
  '127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1',
  '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', 'fc00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::127.0.0.1',
  '64:ff9b::a00:1', '2002:7f00:1::', '2001::1', 'fe80::1%eth0', 'localhost', '',
])('refuses %s', (address) => expect(isAllowed(address, none)).toBe(false)) // prettier-ignore

it.each(['8.8.8.8', '172.15.255.255', '172.32.0.1', '11.0.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
  'allows %s',
  (address) => expect(isAllowed(address, none)).toBe(true),
)

it('allows what is listed, however it is written', () => {
  const some = allowList(['10.1.0.0/16', 'fd00::/8', '192.168.7.7'])
  expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.168.7.7'].map((address) => isAllowed(address, some))).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(['10.2.0.1', '192.168.7.8', '127.0.0.1'].map((address) => isAllowed(address, some))).toEqual([
    false,
    false,
    false,
  ])
  expect(['127.0.0.9', '::1'].map((address) => isAllowed(address, allowList(LOOPBACK)))).toEqual([true, true])
})

describe('looking a name up', () => {
  const ask = (addresses: string[]) =>
    new Promise<string | LookupAddress[]>((resolve, reject) =>
      guardedLookup(none, async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))(
        'name',
        { all: true },
        (error, found) => (error ? reject(error) : resolve(found)),
      ),
    )
  it('answers public addresses', async () =>
    expect(await ask(['8.8.8.8'])).toEqual([{ address: '8.8.8.8', family: 4 }]))
  it('refuses a name when one of its addresses is refused', async () => {
    await expect(ask(['8.8.8.8', '10.0.0.1'])).rejects.toThrow(AddressRefused)
    await expect(ask(['8.8.8.8', '10.0.0.1'])).rejects.not.toThrow('10.0.0.1')
  })
  it('refuses a name without addresses', async () => await expect(ask([])).rejects.toThrow(AddressRefused))
})

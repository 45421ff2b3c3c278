import { T0 } from '../../testing/changes'
import { message, notice } from '../../testing/messages'
import type { GroupMessage, Message } from '../outbox/message'
import { dateTime, headline, html, markdown, MARKDOWN, oneLine, SAMPLES, SLACK, text, textModel } from '.'

const options = { baseUrl: 'https://quorate.example' }
const model = (of: Message, more = options) => textModel(of, more)
const override = {
  state: 'up',
  reason: 'link is being replaced',
  author: 'ann',
  expiresAt: T0 + 3_600_000,
  mode: 'pin' as const,
}
const group = (count: number, total = count, labels = {}): GroupMessage => ({
  kind: 'group',
  event: 'g',
  time: T0,
  object: 'g',
  labels,
  total,
  changes: Array.from({ length: count }, (_, i) => message(`site/${i}`, i % 3 === 2 ? { state: 'up' } : {})),
})

describe('the plain text', () => {
  it('says what changed, since when, who says so, who disagrees, for how long, and where to look', () => {
    const of = message('site/x', {}, { tally: { up: 1, down: 2 } })
    expect(text(model(of))).toBe(
      [
        'site/x is down (was up for 30 s)',
        '',
        '  before       up, for 30 s',
        '  since        2023-11-14 22:13:20 UTC',
        '  votes        2 of 3 say down; 1 says up',
        '  heard        3 of 3, 2 needed',
        '  reported by  agent-1',
        '  policy       default',
        '',
        'https://quorate.example/v1/objects/site%2Fx',
        '',
      ].join('\n'),
    )
  })

  it('says who overrode it, until when, why, and what the vote says', () => {
    const of = message('x', { cause: 'override', state: 'up', previous: 'down' }, { override, divergent: true })
    const said = text(model(of))
    expect(said).toContain('override       to up by ann, until 2023-11-14 23:13:20 UTC')
    expect(said).toContain('reason         link is being replaced')
    expect(said).toContain('the vote says  down')
    expect(said).toContain('marks          divergent')
  })

  it('lists a group, and cuts the list with a count', () => {
    const said = text(textModel(group(12, 500, { policy: 'web' }), {}, 5))
    expect(said.split('\n')[0]).toBe('site/0, site/1, site/2 and 497 more: down, up (policy web)')
    expect(said).toContain('- 22:13:20 site/0 is down (was up for 30 s): 2 of 3 say down (last: agent-1)\n')
    expect(said).toContain('\n… and 495 more\n')
    expect(said.match(/^- /gm)).toHaveLength(5)
    expect(text(model(group(3)))).not.toContain('more')
  })

  it('N51: lists 100 of a group, as many as a message has', () => {
    const said = text(model(group(100, 130)))
    expect(said.match(/^- /gm)).toHaveLength(100)
    expect(said).toContain('\n… and 30 more\n')
  })

  it('of a notice says which endpoint gives up, and what to do', () => {
    expect(text(model(notice))).toContain('endpoint ops gives up: http-410')
    expect(text(model(notice))).toContain('quorate deliveries redrive msg_x')
  })
})

describe('the headline', () => {
  it.each<[string, Message, string]>([
    ['a change', message('site/x'), 'site/x is down'],
    ['a deletion', message('site/x', { state: null, view: null }), 'site/x is gone'],
    ['flapping', message('site/x', { flapping: { phase: 'began', changes: 5 } }), 'site/x is flapping'],
    ['its end', message('site/x', { flapping: { phase: 'settled', changes: 9 } }), 'site/x has settled: down'],
    ['a repetition', message('site/x', { repeat: 2 }), 'site/x is still down'],
    [
      'a parent',
      message('site/x', { dependants: { objects: ['site/x/a'], total: 7 } }),
      'site/x is down (and 7 that depend on it)',
    ],
    ['a group', group(3), 'site/0, site/1, site/2: 2 down, 1 up'],
    ['a uniform group', group(2), 'site/0, site/1 are down'],
    ['a group of one', { ...group(1), labels: { policy: 'web' } }, 'site/0 is down'],
    ['a large group', group(5), 'site/0, site/1, site/2 and 2 more: 4 down, 1 up'],
    ['an endpoint that fails', { ...notice, reason: 'failing: http-500' }, 'endpoint ops is failing: http-500'],
  ])('N50: of %s', (_, of, expected) => expect(headline(of)).toBe(expected))
})

it('one line has no second one, whatever a name holds', () => {
  const odd = message('a\nb\u2028c\u001b[31m', {}, { trigger: { type: 'report', agent: 'x\ry', offset: 1 } })
  for (const one of [odd, notice, group(3), message('x', { flapping: { phase: 'settled', changes: 12 } })])
    expect(oneLine(model(one))).not.toMatch(/[\n\r\u2028\u001b]/)
  expect(oneLine(model(message('x', { flapping: { phase: 'settled', changes: 12 } })))).toContain('12 changes')
})

describe('the HTML', () => {
  it.each(Object.entries(SAMPLES))('of the sample %s is whole and loads nothing', (_, sample) => {
    const page = html(model(sample(T0)))
    expect(page).toMatch(/^<!doctype html>.*<\/html>$/s)
    expect(page).not.toMatch(/<(img|script|link)|url\(|@import/)
    for (const tag of ['table', 'tr', 'td', 'p', 'h1', 'span', 'a', 'div'])
      expect(page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0).toBe(
        page.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0,
      )
  })

  it('escapes what comes from outside', () => {
    const evil = '<img src=x onerror="alert(1)">&'
    const of = message(
      evil,
      { cause: 'override' },
      {
        override: { ...override, reason: evil, author: evil },
        policy: evil,
        trigger: { type: 'report', agent: evil, offset: 1 },
      },
    )
    expect(html(model(of))).not.toContain('<img')
    expect(html(model({ ...group(1), labels: { policy: evil }, changes: [of] }))).not.toContain('<img')
    expect(html(model({ ...notice, endpoint: evil, reason: evil }))).not.toContain('<img')
  })

  it('turns its colours round in the dark', () => {
    const page = html(model(message('x')))
    expect(page).toContain('prefers-color-scheme:dark')
    expect(page).toContain('<meta name="color-scheme" content="light dark">')
  })
})

describe('chat markdown', () => {
  it('is Slack’s, with a link and the words', () => {
    expect(markdown(model(message('site/x')), SLACK, 3000)).toBe(
      [
        '<https://quorate.example/v1/objects/site%2Fx|site/x> is down (was up for 30 s)',
        '2 of 3 say down (last: agent-1)',
        'since 2023-11-14 22:13:20 UTC',
      ].join('\n'),
    )
    expect(markdown(textModel(message('site/x'), {}), MARKDOWN, 3000)).toContain('**site/x** is down')
  })

  it('mentions nobody and takes no markup from names', () => {
    const of = message('<!channel> *@everyone* [a](b)')
    expect(markdown(model(of), SLACK, 3000)).not.toContain('<!channel>')
    expect(markdown(model(of), MARKDOWN, 3000)).not.toMatch(/@everyone|[^\\]\[a\\?\]\(/)
  })

  it('cuts a list to what the chat takes, with a count', () => {
    const said = markdown(model(group(40, 500)), SLACK, 1000)
    expect(said.length).toBeLessThanOrEqual(1000)
    const shown = said.match(/^• /gm)!.length
    expect(shown).toBeGreaterThan(3)
    expect(said).toMatch(new RegExp(`… and ${500 - shown} more$`))
  })
})

it('links to the page that is named, or to the object in REST', () => {
  expect(textModel(message('a/b c'), { baseUrl: 'https://ops/?q={object}' }).link).toBe('https://ops/?q=a%2Fb%20c')
  expect(textModel(message('a/b'), {}).link).toBeNull()
})

it('writes times in the zone that is asked for', () => {
  expect(dateTime(T0, 'UTC')).toBe('2023-11-14 22:13:20 UTC')
  expect(dateTime(T0, 'Europe/Paris')).toMatch(/^2023-11-14 23:13:20 /)
})

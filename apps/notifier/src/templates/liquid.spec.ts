import { T0 } from '../../testing/changes'
import { message } from '../../testing/messages'
import type { Escaping } from './liquid'
import { preview, SAMPLES, Template, TEMPLATE_LIMITS, TemplateError, text, textModel, Texts } from '.'

const model = textModel(message('site/<x>'), { baseUrl: 'https://q' })
const render = (source: string, escaping: Escaping = 'none') => Template.parse(source, escaping).render(model)

it('has the members of the change and of the message', () => {
  expect(
    render('{{ object }} {{ previous }}>{{ state }} {{ lasted }} {{ votes[0].weight }} {{ kind }} {{ changes.size }}'),
  ).toBe('site/<x> up>down 30 s 2 change 1')
  expect(render('{% if override %}{{ override.author }}{% else %}by vote{% endif %}')).toBe('by vote')
  expect(render('{% for c in changes %}{{ c.object | upcase }}{% endfor %}')).toBe('SITE/<X>')
})

it('escapes values in HTML, unless they say raw', () => {
  expect(render('{{ object }} {{ object | raw }}', 'html')).toBe('site/&lt;x&gt; site/<x>')
})

it('mutes mentions in a chat', () => {
  const of = textModel(message('<!channel> @here'), {})
  expect(Template.parse('{{ object }}', 'chat').render(of)).toBe('&lt;!channel&gt; @\u200Bhere')
})

it.each([
  ['an unknown variable', '{{ nonsense }}'],
  ['an unknown filter', '{{ object | nonsense }}'],
  ['a file', '{% include "/etc/passwd" %}'],
  ['another template', '{% render "other" %}'],
  ['a layout', '{% layout "/etc/passwd" %}'],
  ['a prototype', '{{ object.constructor.name }}'],
  ['a prototype by its name', '{{ changes.__proto__.length }}'],
  ['a tag left open', '{% if state %}'],
  ['an endless range', '{% for i in (1..999999999) %}x{% endfor %}'],
  ['endless loops', '{% for i in (1..5000) %}{% for j in (1..5000) %}{% assign x = i %}{% endfor %}{% endfor %}'],
  [
    'a text that grows',
    '{% assign s = "xxxxxxxxxx" %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}{{ s }}',
  ],
  ['a long output', '{% for i in (1..9000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}'],
  ['a long source', 'x'.repeat(TEMPLATE_LIMITS.source + 1)],
])('refuses %s, soon', (_, source) => {
  const begun = performance.now()
  expect(() => render(source)).toThrow(TemplateError)
  expect(performance.now() - begun).toBeLessThan(2_000)
})

it('cannot change what it is given', () => {
  expect(render('{% assign changes = "x" %}{{ changes }}')).toBe('x')
  expect(render('{{ changes.size }}')).toBe('1')
})

describe('the texts of an endpoint', () => {
  it('are the built-in ones without a template', () => {
    const rendering = new Texts({ text: 'none' }).of(model)
    expect([rendering.text('text', text), rendering.note]).toEqual([text(model), {}])
  })

  it('fall back to the built-in one when a template fails, and say so', () => {
    const rendering = new Texts({ subject: 'none', text: 'none' }, { subject: '{{ nonsense }}', text: 'fine' }).of(
      model,
    )
    expect(rendering.text('subject', () => 'built-in')).toBe('built-in')
    expect(rendering.text('text', text)).toBe('fine')
    expect(rendering.note.note).toMatch(
      /^template-failed: subject: undefined variable: nonsense.*built-in text was sent$/,
    )
  })

  it('cannot be made of a template that cannot be read', () => {
    expect(() => new Texts({ text: 'none' }, { text: '{% if %}' })).toThrow(/^text: /)
  })
})

describe('the preview', () => {
  const set = { parts: { text: 'none' }, builtIn: { text } } as const
  it.each(Object.entries(SAMPLES))('shows the sample %s', (_, sample) => {
    expect(preview(set, { text: '{{ headline }}' }, sample(T0)).text).toEqual({
      text: expect.stringMatching(/\w/),
      builtIn: false,
    })
  })
  it('shows the built-in text and the fault of a template that fails', () => {
    const [unread, failing] = ['{% if', '{{ object.nothing }}'].map(
      (source) => preview(set, { text: source }, SAMPLES.change(T0)).text,
    )
    expect(unread).toMatchObject({ builtIn: true, error: expect.stringContaining('not closed') })
    expect(failing).toMatchObject({ builtIn: true, error: expect.stringContaining('undefined variable') })
    expect(unread!.text).toContain('router-1 is down')
  })
})

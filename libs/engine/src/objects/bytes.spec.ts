import { ALIKE, Chance, randomName } from '@quorate/vote/testing'
import { begin, beginRead, readPosition, readText, readWord, writeText, writeWord, written } from './bytes'

const RUNS = 5_000

describe('texts in rows', () => {
  it('are read as they were written, whatever was read before', () => {
    const chance = new Chance(7)
    for (let run = 0; run < RUNS; run++) {
      const texts = Array.from({ length: 1 + chance.below(8) }, () => randomName(chance))
      begin()
      for (const text of texts) {
        writeText(text)
        writeWord(text)
      }
      const bytes = written()
      beginRead(bytes)
      const read = texts.map(() => [readText(), readWord()])
      expect(read).toEqual(texts.map((text) => [text, text]))
      expect(readPosition()).toBe(bytes.length)
    }
  })

  it('are never confused with a text whose characters equal their bytes', () => {
    for (const text of ALIKE.flat().filter((name) => /[^\0-\x7f]/.test(name))) {
      const twin = Buffer.from(text).toString('latin1')
      begin()
      for (const it of [twin, text, twin, text]) writeText(it)
      beginRead(written())
      expect([readText(), readText(), readText(), readText()]).toEqual([twin, text, twin, text])
    }
  })

  it('are distinguished if they share a hash', () => {
    const alike = ['Aa', 'BB']
    const all = alike.flatMap((a) => alike.flatMap((b) => alike.map((c) => a + b + c)))
    begin()
    for (const text of [...all, ...all]) writeText(text)
    beginRead(written())
    expect([...all, ...all].map(() => readText())).toEqual([...all, ...all])
  })
})

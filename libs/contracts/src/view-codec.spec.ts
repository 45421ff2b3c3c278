import { FormatRegistry } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { valuesOf } from '../testing/of-schema'
import { decodeView, encodeView, encodeWireView } from './view-codec'
import { type View, VIEW_SCHEMA, WIRE_VIEW_SCHEMA } from './view'
import { viewToWire } from './wire'

const VIEWS = valuesOf(VIEW_SCHEMA) as fc.Arbitrary<View>
const known = (text: string) => Object.keys(JSON.parse(text) as object)

FormatRegistry.Set('date-time', (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text))

describe('the encoders of a view', () => {
  it('write every member that the schema declares, in its order, and the decoder reads it back', () => {
    fc.assert(
      fc.property(VIEWS, (view) => {
        const text = encodeView(view)
        expect(decodeView(text)).toEqual(view)
        const members = Object.keys(VIEW_SCHEMA.properties).filter((name) => Object.hasOwn(view, name))
        expect(known(text)).toEqual(members)
      }),
    )
  })

  it('write by HTTP what the schema of REST accepts, unknown members refused', () => {
    expect(Object.keys(WIRE_VIEW_SCHEMA.properties)).toEqual(Object.keys(VIEW_SCHEMA.properties))
    fc.assert(
      fc.property(VIEWS, (view) => {
        const wire = JSON.parse(encodeWireView(view)) as unknown
        expect(wire).toEqual(viewToWire(view))
        const faults = [...Value.Errors(WIRE_VIEW_SCHEMA, wire)].map(({ path, message }) => `${path}: ${message}`)
        expect(faults).toEqual([])
      }),
    )
  })
})

import { runStory, storeProperty } from '../../testing/store-property'

describe('the store of objects of very many agents', () => {
  storeProperty(1_500, [120, 150, 200])

  it('holds a thousand', () => {
    expect(runStory(1, 1_000, [20, 60])).toBeGreaterThan(1_000)
  }, 600_000)
})

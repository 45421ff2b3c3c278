import { storeProperty } from '../../testing/store-property'

describe('the store of objects of few agents, around the first page', () => {
  storeProperty(9_000, [1, 3, 6, 12, 31, 32, 33, 34])
})

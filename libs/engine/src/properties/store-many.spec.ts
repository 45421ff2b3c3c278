import { storeProperty } from '../../testing/store-property'

describe('the store of objects of several pages, around their bounds', () => {
  storeProperty(8_500, [40, 63, 64, 65, 96, 97])
})

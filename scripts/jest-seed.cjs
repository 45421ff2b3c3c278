// Property tests draw the same examples at every run, unless another seed is given (CONTRIBUTING.md).
const { configureGlobal } = require('fast-check')

configureGlobal({ seed: Number(process.env.QUORATE_PROPERTY_SEED ?? 20_261_130) })

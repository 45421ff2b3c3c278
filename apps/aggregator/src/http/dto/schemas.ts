/** A point in time of a request. */
export const TIME_SCHEMA = {
  oneOf: [
    { type: 'string', format: 'date-time' },
    { type: 'integer', description: 'ms since 1970' },
  ],
}

export const ANY_JSON = {
  oneOf: ['object', 'array', 'string', 'number', 'boolean'].map((type) =>
    type === 'array' ? { type, items: {} } : { type },
  ),
}

/** What an operator can do about an endpoint that cannot be told, by the reason of the outcome. */
const REMEDIES: readonly (readonly [reason: RegExp, remedy: string])[] = [
  [/^address-refused/, 'its address is private: list it in allowAddresses of the endpoint if it is meant'],
  [/^ECONNREFUSED/, 'nothing listens there: check host and port'],
  [/^(ENOTFOUND|EAI_AGAIN)/, 'the name cannot be resolved: check it, and the resolver of this machine'],
  [
    /^(EHOSTUNREACH|ENETUNREACH|connect-timeout|ETIMEDOUT)/,
    'it cannot be reached from here: check routes and firewalls',
  ],
  [/^timeout/, 'it did not answer in time: check the endpoint, or raise its timeout'],
  [/^http-(401|403)/, 'it refuses the login: check the secret'],
  [/^http-404/, 'there is nothing at that address: check the path'],
  [/^http-429/, 'it asks for fewer messages: group more, or raise its limit'],
  [/^http-5/, 'its server fails: look there'],
  [/^not-opened/, 'mend what is named: it is tried again with each delivery'],
  [
    /(CERT|SELF_SIGNED|VERIFY|ERR_TLS)/,
    'its certificate is not trusted: check the name, the date and the authority (ca)',
  ],
]

export const remedyOf = (reason: string): string =>
  REMEDIES.find(([pattern]) => pattern.test(reason))?.[1] ?? 'look at the endpoint'

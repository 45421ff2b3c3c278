/** What to try, for who has just started it. */
export function nextSteps(url: string, dataDir: string, keyed: boolean): string {
  const curl = keyed ? 'curl -H "X-API-Key: $QUORATE_API_KEY"' : 'curl'
  const report = (agent: string, state: string) =>
    `  ${curl} -X PUT ${url}/v1/objects/site%2Fx/reports/${agent} -H 'content-type: application/json' -d '{"state":"${state}"}'`
  return [
    `Quorate listens on ${url}; its data is in ${dataDir}. The API is described at ${url}/docs.`,
    '',
    'Three agents report on site/x, two of them say down:',
    report('a', 'up'),
    report('b', 'down'),
    report('c', 'down'),
    'The state, and why it is so:',
    `  ${curl} ${url}/v1/objects/site%2Fx`,
    `  ${curl} ${url}/v1/objects/site%2Fx/explanation`,
    'A report expires after 60 s, or as its policy says: agents report again before that.',
    'Every change as it happens:',
    `  ${curl} -N ${url}/v1/states/stream`,
    '',
    'Ctrl+C stops it; what was acknowledged stays.',
    '',
  ].join('\n')
}

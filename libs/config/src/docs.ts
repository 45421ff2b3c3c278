import { fallbackSaid } from './help'
import { flagOf, type Setting, SETTINGS } from './settings'

/** The whole of docs/configuration.md: generated from the table, compared by a test. */
export function configurationPage(): string {
  const rows = Object.values(SETTINGS as Record<string, Setting<unknown>>).map((it) => {
    const env = it.secret ? `\`${it.env}\`, \`${it.env}_FILE\`` : `\`${it.env}\``
    const yaml = it.secret ? `\`${it.yaml}\`, \`${it.yaml}File\`` : `\`${it.yaml}\``
    const cells = [env, `\`${flagOf(it)}\``, yaml, it.kind.allowed, fallbackSaid(it), it.apps.join(', '), it.meaning]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return [
    '# Configuration',
    '',
    'Generated from the table in `libs/config/src/settings.ts` (`npm run docs:write`). A test compares the two.',
    '',
    '- A flag overrides its variable, a variable overrides `quorate.yaml`, and that overrides the default.',
    '- The start is refused for an unknown `QUORATE_*`, `KAFKA_TLS*` or `KAFKA_SASL*` variable, an unknown ' +
      'flag or key, or a value that is not allowed. The message gives its name and what is allowed.',
    '- An empty variable counts as unset. An empty secret is refused.',
    '- Secrets have no flag of their own, because every user of a machine can read command lines. Name a file instead.',
    '',
    'Two sections of the file are not settings of the process: `policies:` and `agents:`. They are lists or ' +
      'mappings by name, with the members of `PUT /v1/policies/{name}` and `PUT /v1/agents/{id}`.',
    '',
    '- At every start, the owner of partition 0 puts into force what differs. An error stops the start, with ' +
      'a pointer.',
    '- What is removed from the file is undone at the next start, unless REST has changed it since: a policy ' +
      'is deleted, and an agent weighs 1 again.',
    '- What only REST has set stays.',
    '- Every instance needs the same file.',
    '',
    '| variable | flag | in quorate.yaml | allowed | default | read by | meaning |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

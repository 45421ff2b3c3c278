import { fallbackSaid } from './help'
import { flagOf, type Setting, SETTINGS } from './settings'

/** docs/configuration.md, whole: made from the table, compared by a test. */
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
    'Made from the one table in `libs/config/src/settings.ts` (`npm run docs:write`); a test compares the two.',
    'A flag beats its variable, a variable beats `quorate.yaml`, and that beats the default. An unknown `QUORATE_*`, `KAFKA_TLS*` or `KAFKA_SASL*` variable, an unknown flag',
    'or key, or a value that is not allowed stops the start with its name and what is allowed. An empty variable counts as unset, but for secrets, where it is refused.',
    'Secrets have no flag of their own, since command lines can be read by every user of a machine: name a file instead.',
    '',
    'Two sections of the file are no settings of the process: `policies:` and `agents:`, lists or mappings by name, with the members of `PUT /v1/policies/{name}` and `PUT /v1/agents/{id}`.',
    'The owner of partition 0 puts in force what differs from what is, at every start; a fault stops the start, with a pointer. What is taken out of the file goes at the next start: a policy is deleted, an agent weighs 1 again; unless REST has set it otherwise since. What only REST has set stays. Every instance needs the same file.',
    '',
    '| variable | flag | in quorate.yaml | allowed | default | read by | meaning |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { join } from 'node:path'
import { advertised, ConfigError, configurationPage, help, loadConfig, SETTINGS, type AppName, type Sources } from '.'

const missing = () => Object.assign(new Error('no such file'), { code: 'ENOENT' })
const files =
  (content: Record<string, string> = {}) =>
  (path: string) => {
    const text = content[path]
    if (text === undefined) throw missing()
    return text
  }

const load = (app: AppName, sources: Sources = {}) => loadConfig(app, { env: {}, readFile: files(), ...sources })
const faultsOf = (app: AppName, sources: Sources): string => {
  try {
    load(app, sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('was accepted')
}
const KAFKA = { KAFKA_BROKERS: 'a:9092, b:9093' }

describe('where a setting comes from', () => {
  it('takes the defaults when nothing is set', () => {
    const config = load('standalone')
    expect(config).toMatchObject({
      log: 'embedded',
      host: '127.0.0.1',
      port: 8080,
      partitions: 8,
      topicPrefix: 'quorate',
      dataDir: './data',
    })
    expect(config.replication).toBe(1)
    expect(load('notifier', { env: KAFKA })).toMatchObject({ port: 8081, applicationId: 'notifier', replication: 3 })
    expect(load('aggregator', { env: KAFKA })).toMatchObject({
      port: 8080,
      applicationId: 'aggregator',
      log: 'kafka',
      brokers: ['a:9092', 'b:9093'],
    })
  })

  it('lets a flag beat a variable, a variable beat the file, and the file beat the default', () => {
    const readFile = files({
      'quorate.yaml': 'port: 1\npartitions: 3\nlogLevel: warn\nkafka:\n  brokers: [c:1, d:2]\n',
    })
    const config = load('aggregator', {
      argv: ['--port', '3'],
      env: { QUORATE_PORT: '2', QUORATE_PARTITIONS: '5' },
      readFile,
    })
    expect(config).toMatchObject({ port: 3, partitions: 5, logLevel: 'warn', brokers: ['c:1', 'd:2'] })
  })

  it('takes --flag=value and a bare boolean flag', () => {
    expect(load('aggregator', { argv: ['--port=9', '--kafka-tls', '--kafka-brokers=a:1'] })).toMatchObject({
      port: 9,
      tls: true,
    })
    expect(load('aggregator', { argv: ['--kafka-tls', 'false', '--kafka-brokers=a:1'] })).toMatchObject({ tls: false })
  })

  it('reads a secret from a file, trimmed', () => {
    const readFile = files({ '/run/key': 'abc123\n' })
    expect(load('standalone', { env: { QUORATE_API_KEY_FILE: '/run/key' }, readFile }).apiKey?.reveal()).toBe('abc123')
    expect(load('standalone', { argv: ['--api-key-file', '/run/key'], readFile }).apiKey?.reveal()).toBe('abc123')
    expect(faultsOf('standalone', { env: { QUORATE_API_KEY_FILE: '/none' }, readFile })).toContain(
      'QUORATE_API_KEY_FILE: /none cannot be read (ENOENT)',
    )
  })

  it('reads the file that QUORATE_CONFIG names, and refuses if it does not exist', () => {
    const env = { QUORATE_CONFIG: '/etc/q.yaml' }
    expect(load('standalone', { env, readFile: files({ '/etc/q.yaml': 'port: 7' }) }).port).toBe(7)
    expect(faultsOf('standalone', { env })).toContain('QUORATE_CONFIG: /etc/q.yaml cannot be read (ENOENT)')
  })
})

describe('addresses for people', () => {
  it('may contain a placeholder and a fragment, and lose a trailing slash', () => {
    const linkUrl = (value: string) => load('notifier', { env: { ...KAFKA, QUORATE_LINK_URL: value } }).linkUrl
    expect(linkUrl('https://q.example/#/objects/{object}')).toBe('https://q.example/#/objects/{object}')
    expect(linkUrl('https://q.example/')).toBe('https://q.example')
    expect(faultsOf('notifier', { env: { ...KAFKA, QUORATE_LINK_URL: 'ftp://x', QUORATE_TIME_ZONE: 'Mars' } })).toMatch(
      /QUORATE_LINK_URL[^]*QUORATE_TIME_ZONE/,
    )
    expect(load('notifier', { env: { ...KAFKA, QUORATE_TIME_ZONE: 'Europe/Paris' } }).timeZone).toBe('Europe/Paris')
  })
})

describe('what stops the start', () => {
  it.each<[string, AppName, Sources, string]>([
    [
      'an unknown variable',
      'standalone',
      { env: { QUORATE_PROT: '1' } },
      'QUORATE_PROT is no setting. Did you mean QUORATE_PORT?',
    ],
    [
      'an unknown TLS variable',
      'aggregator',
      { env: { ...KAFKA, KAFKA_TLS_CACERT: 'x' } },
      'Did you mean KAFKA_TLS_CERT?',
    ],
    [
      'an unknown flag',
      'standalone',
      { argv: ['--prot', '1'] },
      '--prot is no flag of standalone. Did you mean --port?',
    ],
    [
      'a flag without its value',
      'standalone',
      { argv: ['--port'] },
      '--port needs a value: an integer from 0 to 65535',
    ],
    [
      'an unknown key',
      'standalone',
      { readFile: files({ 'quorate.yaml': 'prot: 1' }) },
      'prot in quorate.yaml is no setting. Did you mean port?',
    ],
    ['invalid YAML', 'standalone', { readFile: files({ 'quorate.yaml': 'a: [' }) }, 'quorate.yaml is not valid YAML'],
    [
      'a bad number',
      'standalone',
      { env: { QUORATE_PORT: '70000' } },
      'QUORATE_PORT is "70000"; it must be an integer from 0 to 65535.',
    ],
    [
      'a bad choice',
      'aggregator',
      { env: { QUORATE_LOG: 'redis' } },
      'QUORATE_LOG is "redis"; it must be one of kafka, embedded.',
    ],
    ['a bad broker', 'aggregator', { env: { KAFKA_BROKERS: 'a' } }, 'KAFKA_BROKERS is "a"; it must be host:port'],
    ['a broker port out of range', 'aggregator', { env: { KAFKA_BROKERS: 'a:99999' } }, 'KAFKA_BROKERS is'],
    ['a bad URL', 'aggregator', { env: { ...KAFKA, QUORATE_ADVERTISED_URL: 'ftp://x' } }, 'QUORATE_ADVERTISED_URL is'],
    ['an empty secret', 'standalone', { env: { QUORATE_API_KEY: '' } }, 'QUORATE_API_KEY is empty'],
    ['a secret twice', 'standalone', { env: { QUORATE_API_KEY: 'a', QUORATE_API_KEY_FILE: 'b' } }, 'are both set'],
    ['the aggregator on the embedded log', 'aggregator', {}, 'The aggregator by itself needs Kafka'],
    [
      'the notifier on the embedded log',
      'notifier',
      { env: { ...KAFKA, QUORATE_LOG: 'embedded' } },
      'The notifier by itself needs Kafka',
    ],
    ['kafka without brokers', 'aggregator', { env: { QUORATE_LOG: 'kafka' } }, 'KAFKA_BROKERS must be set'],
    ['standalone on Kafka', 'standalone', { env: { QUORATE_LOG: 'kafka', ...KAFKA } }, 'always on the embedded log'],
    [
      'an application id in standalone',
      'standalone',
      { env: { QUORATE_APPLICATION_ID: 'x' } },
      'QUORATE_APPLICATION_ID is refused by standalone',
    ],
    [
      'an open port without access',
      'standalone',
      { env: { QUORATE_HOST: '0.0.0.0' } },
      'Set QUORATE_API_KEY, or listen on 127.0.0.1',
    ],
    [
      'an advertised URL without the cluster secret',
      'aggregator',
      { env: { ...KAFKA, QUORATE_ADVERTISED_URL: 'http://10.0.0.7:8080' } },
      'QUORATE_CLUSTER_SECRET must be set',
    ],
    [
      'an open host without the cluster secret',
      'aggregator',
      { env: { ...KAFKA, QUORATE_HOST: '0.0.0.0', QUORATE_API_KEY: 'k' } },
      'QUORATE_CLUSTER_SECRET must be set',
    ],
    [
      'oauthbearer without a token',
      'aggregator',
      { env: { ...KAFKA, KAFKA_SASL_MECHANISM: 'oauthbearer' } },
      'needs KAFKA_SASL_TOKEN_PATH or',
    ],
    [
      'a token for another mechanism',
      'cli',
      { env: { KAFKA_SASL_TOKEN_PATH: '/t' } },
      'go with KAFKA_SASL_MECHANISM=oauthbearer',
    ],
    [
      'a token endpoint without a client',
      'aggregator',
      { env: { ...KAFKA, KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_SASL_TOKEN_URL: 'https://id/token' } },
      'KAFKA_SASL_TOKEN_URL needs',
    ],
    [
      'a client secret in the clear',
      'aggregator',
      {
        env: {
          ...KAFKA,
          KAFKA_SASL_MECHANISM: 'oauthbearer',
          KAFKA_SASL_TOKEN_URL: 'http://id/token',
          KAFKA_SASL_USERNAME: 'u',
          KAFKA_SASL_PASSWORD: 'p',
        },
      },
      'must be https',
    ],
    ['half of a login', 'aggregator', { env: { ...KAFKA, KAFKA_SASL_USERNAME: 'u' } }, 'must be set together'],
    [
      'a webhook secret alone',
      'standalone',
      { env: { QUORATE_WEBHOOK_SECRET: 's' } },
      'QUORATE_WEBHOOK_SECRET is set without QUORATE_WEBHOOK_URL',
    ],
  ])('%s', (_, app, sources, said) => {
    expect(faultsOf(app, sources)).toContain(said)
  })

  it('names every fault at once', () => {
    expect(faultsOf('standalone', { env: { QUORATE_PROT: '1', QUORATE_PORT: 'x' } }).split('\n')).toHaveLength(2)
  })

  it('never shows a secret', () => {
    expect(faultsOf('standalone', { env: { QUORATE_API_KEY: 'two words' } })).not.toContain('two words')
    const { apiKey } = load('standalone', { env: { QUORATE_API_KEY: 'abc123' } })
    expect(`${String(apiKey)} ${JSON.stringify({ apiKey })} ${inspect({ apiKey })}`).not.toContain('abc123')
    expect([apiKey?.equals('abc123'), apiKey?.equals('abc124'), apiKey?.equals('')]).toEqual([true, false, false])
  })
})

describe('what is accepted', () => {
  it('accepts the variables of other applications and of the launcher', () => {
    expect(
      load('aggregator', {
        env: {
          ...KAFKA,
          QUORATE_WEBHOOK_URL: 'http://x/y',
          QUORATE_URL: 'http://q',
          QUORATE_LAUNCHER: '1',
          OTHER: 'x',
        },
      }).port,
    ).toBe(8080)
    expect(load('standalone', { env: KAFKA }).log).toBe('embedded')
  })

  it('takes an empty variable as unset', () => {
    expect(load('standalone', { env: { QUORATE_PORT: '' } }).port).toBe(8080)
  })

  it('listens everywhere once a key is set', () => {
    expect(load('standalone', { env: { QUORATE_HOST: '0.0.0.0', QUORATE_API_KEY: 'k' } }).host).toBe('0.0.0.0')
  })

  it('advertises what it listens on, with the real port', () => {
    expect(advertised(load('standalone'), 4321)).toBe('http://127.0.0.1:4321')
    expect(advertised({ ...load('standalone'), host: '::1' })).toBe('http://[::1]:8080')
    expect(advertised(load('aggregator', { env: { ...KAFKA, QUORATE_ADVERTISED_URL: 'http://localhost:9/' } }))).toBe(
      'http://localhost:9',
    )
  })
})

describe('quorate.yaml', () => {
  const load = (yaml: string) =>
    loadConfig('standalone', { argv: [], env: { QUORATE_CONFIG: 'quorate.yaml' }, readFile: () => yaml })
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

  it('is as deep as an entry may be by REST, and no deeper', () => {
    expect(load(`policies: {p: ${nested(64)}}`).sections.policies).toBeDefined()
    expect(() => load(`policies: {p: ${nested(65)}}`)).toThrow(
      '/policies in quorate.yaml must be nested at most 64 deep',
    )
    expect(() => load(`policies: {p: ${nested(20_000)}}`)).toThrow('quorate.yaml')
  })
})

describe('what is generated from the table', () => {
  it('lists every setting of an application in --help', () => {
    const said = help('aggregator', 'usage')
    for (const it of Object.values(SETTINGS))
      expect(said.includes(`${it.env}`)).toBe(
        (it.apps as readonly string[]).includes('aggregator') || /KAFKA_TLS$/.test(it.env),
      )
  })

  it('is docs/configuration.md', () => {
    expect(readFileSync(join(__dirname, '../../../docs/configuration.md'), 'utf8')).toBe(configurationPage())
  })
})

describe('variables that Kubernetes sets for a service named quorate', () => {
  const LINKS = {
    QUORATE_SERVICE_HOST: '10.0.0.7',
    QUORATE_SERVICE_PORT: '8080',
    QUORATE_SERVICE_PORT_HTTP: '8080',
    QUORATE_PORT: 'tcp://10.0.0.7:8080',
    QUORATE_PORT_8080_TCP: 'tcp://10.0.0.7:8080',
    QUORATE_PORT_8080_TCP_PROTO: 'tcp',
    QUORATE_PORT_8080_TCP_PORT: '8080',
    QUORATE_PORT_8080_TCP_ADDR: '10.0.0.7',
    QUORATE_AGGREGATOR_SERVICE_HOST: '10.0.0.8',
    QUORATE_AGGREGATOR_PORT: 'tcp://10.0.0.8:8080',
    QUORATE_NOTIFIER_PORT_8081_UDP_ADDR: '10.0.0.9',
    KAFKA_TLS_SERVICE_HOST: '10.0.0.9',
    KAFKA_TLS_PORT: 'tcp://10.0.0.9:9093',
  }
  it.each(['standalone', 'aggregator', 'notifier', 'cli'] as const)('are left out, with a note: %s', (app) => {
    const config = load(app, { env: { ...KAFKA, ...LINKS } })
    expect(config.port).toBe(app === 'notifier' ? 8081 : 8080)
    const note = config.notes.find((it) => it.startsWith('ignored '))
    for (const name of Object.keys(LINKS)) expect(note).toContain(name)
  })
  it('are distinguished from settings of the same name, and from mistakes', () => {
    expect(load('standalone', { env: { QUORATE_PORT: '9000' } })).toMatchObject({ port: 9000, notes: [] })
    expect(faultsOf('standalone', { env: { QUORATE_PORT: '10.0.0.7:8080' } })).toContain('QUORATE_PORT is')
    expect(faultsOf('standalone', { env: { QUORATE_AGGREGATOR_PORT: '8080' } })).toContain('is no setting')
  })
})

describe('a value that is not allowed', () => {
  const bad: [AppName, string][] = (['standalone', 'aggregator', 'notifier', 'cli'] as const).flatMap((app) =>
    Object.values(SETTINGS).map((it): [AppName, string] => [app, it.env]),
  )
  it.each(bad)('is named, alone and with what depends on it: %s, %s', (app, env) => {
    const it = Object.values(SETTINGS).find((each) => each.env === env)!
    const text = ['\u0007', 'http://\u0007', '-'].find((each) => it.kind.parse(each) === undefined)
    if (text === undefined) return
    for (const beside of [{}, KAFKA])
      expect(faultsOf(app, { env: { ...beside, [env]: text }, readFile: () => '' })).toContain(env)
  })
})

it('npm start says which log it uses where KAFKA_BROKERS is set', () => {
  expect(load('standalone', { env: KAFKA }).notes).toEqual([
    'KAFKA_BROKERS is set, but npm start always uses the embedded log, in ./data/log. npm run aggregator and ' +
      'npm run notifier use Kafka',
  ])
  expect(load('standalone').notes).toEqual([])
})

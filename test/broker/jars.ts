import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const ROOT = join(__dirname, '..', '..')
const POM = join(__dirname, 'pom.xml')

/** QUORATE_TEST_KAFKA selects a version other than the pom's, e.g. `3.9.1`. */
export const KAFKA_VERSION =
  process.env['QUORATE_TEST_KAFKA'] ?? /<kafka\.version>(.+)<\/kafka\.version>/.exec(readFileSync(POM, 'utf8'))![1]!
const JARS = join(ROOT, '.cache', `kafka-${KAFKA_VERSION}`)

/** The class path of a broker and its tools; fetched by Maven the first time (45 jars, 50 MB), then from `.cache`. */
export async function kafkaClassPath(): Promise<string> {
  if (!existsSync(JARS)) await fetchJars()
  return join(JARS, '*')
}

async function fetchJars(): Promise<void> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  // Into a folder of its own, then renamed: several processes may fetch at once, and a broken download leaves nothing.
  const fresh = mkdtempSync(`${JARS}-`)
  try {
    await exec(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        POM,
        'dependency:copy-dependencies',
        `-Dkafka.version=${KAFKA_VERSION}`,
        `-DoutputDirectory=${fresh}`,
      ],
      {
        maxBuffer: 1 << 26,
      },
    )
    // Brokers before 4 bring their own logger, which might be used instead of ours, depending on the order of the class
    // path.
    for (const jar of readdirSync(fresh)) if (jar.startsWith('slf4j-reload4j')) rmSync(join(fresh, jar))
    renameSync(fresh, JARS)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (existsSync(JARS)) return
    throw new Error('the Kafka jars could not be fetched by Maven; nothing was started', { cause: error })
  }
}

const answers = (command: string, args: string[]): Promise<boolean> =>
  exec(command, args).then(
    () => true,
    () => false,
  )

/** Returns why no broker can run here, or undefined if one can. */
export async function whyNoBroker(): Promise<string | undefined> {
  if (!(await answers('java', ['-version']))) return 'there is no Java (17 or newer) on this machine'
  if (!existsSync(JARS) && !(await answers('mvn', ['-version'])))
    return `there is no Maven to fetch Apache Kafka ${KAFKA_VERSION} with`
  return undefined
}

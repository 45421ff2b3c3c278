import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { KAFKA_VERSION, kafkaClassPath } from './jars'

const exec = promisify(execFile)

/** The former packages of tools that moved in Kafka 4. */
const BEFORE_4: Readonly<Record<string, string>> = {
  'org.apache.kafka.tools.ConsoleProducer': 'kafka.tools.ConsoleProducer',
  'org.apache.kafka.tools.AclCommand': 'kafka.admin.AclCommand',
}
const placed = (tool: string): string => (KAFKA_VERSION.startsWith('3.') ? (BEFORE_4[tool] ?? tool) : tool)

/**
 * Runs one of Kafka's command-line tools to its end, e.g. `org.apache.kafka.tools.ConsoleProducer`; resolves with its
 * stdout.
 */
export async function kafkaTool(mainClass: string, args: readonly string[], input = ''): Promise<string> {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const tool = exec(
    'java',
    ['-XX:TieredStopAtLevel=1', '-Xmx256m', quiet, '-cp', await kafkaClassPath(), placed(mainClass), ...args],
    {
      maxBuffer: 1 << 28,
    },
  )
  tool.child.stdin?.end(input)
  return (await tool).stdout
}

/** One broker's Java process, which ends with this process however that ends. */
export class JavaProcess {
  readonly #child: ChildProcess
  readonly #watchdog: ChildProcess

  private constructor(
    child: ChildProcess,
    watchdog: ChildProcess,
    readonly logFile: string,
  ) {
    this.#child = child
    this.#watchdog = watchdog
  }

  static async start(
    mainClass: string,
    args: readonly string[],
    javaOptions: readonly string[],
    logFile: string,
  ): Promise<JavaProcess> {
    const output = openSync(logFile, 'a')
    const child = spawn('java', [...javaOptions, '-cp', await kafkaClassPath(), mainClass, ...args], {
      stdio: ['ignore', output, output],
      detached: true, // Ctrl-C in the terminal goes to the tests, which then stop their broker
    })
    closeSync(output)
    // Its stdin closes when this process ends in any way, SIGKILL included.
    const watchdog = spawn('sh', ['-c', 'cat >/dev/null; kill -9 "$0"', `${child.pid}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    child.unref()
    watchdog.unref()
    return new JavaProcess(child, watchdog, logFile)
  }

  get pid(): number {
    return this.#child.pid!
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Waits for a line in the log of this process, from byte `from` of the file on. */
  async logged(text: string, timeoutMs: number, from = 0): Promise<void> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const log = readFileSync(this.logFile).subarray(from).toString('utf8')
      if (log.includes(text)) return
      if (!this.running)
        throw new Error(`java ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${log.slice(-3000)}`)
      if (Date.now() > deadline)
        throw new Error(`java did not log "${text}" within ${timeoutMs} ms:\n${log.slice(-3000)}`)
      await delay(50)
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.running) this.#child.kill(name)
  }

  async end(name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#watchdog.kill('SIGKILL')
    if (!this.running) return
    const exited = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill(name)
    const impatient = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    await exited
    clearTimeout(impatient)
  }
}

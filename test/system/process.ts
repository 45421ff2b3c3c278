import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProcessOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Written to stdin, which is then closed. */
  readonly input?: string
  /** With an IPC channel to this process, which ends a Quorate process when this one is gone. */
  readonly channel?: boolean
}

/** The environment of a user's shell, without variables of Quorate, Kafka, Jest or npm. */
export function cleanEnvironment(): Record<string, string> {
  const ours = /^(QUORATE_|KAFKA_|JEST_|npm_|NODE_ENV$|NODE_OPTIONS$|NODE_CHANNEL|NO_COLOR$|FORCE_COLOR$|INIT_CWD$)/
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => !ours.test(entry[0]) && entry[1] !== undefined,
    ),
  )
}

const running = new Set<SystemProcess>()

/** Kills everything that a suite has left running. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((it) => it.kill()))
}

/** A real process, its output by lines, and its end. */
export class SystemProcess {
  readonly stdout: string[] = []
  readonly stderr: string[] = []
  readonly exited: Promise<Exit>
  readonly #heard = new EventEmitter()
  #exit: Exit | undefined

  readonly #options: ProcessOptions

  constructor(
    readonly command: string,
    options: ProcessOptions = {},
  ) {
    this.#options = options
    const { args = [], env = {}, cwd, input, channel } = options
    this.#child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...cleanEnvironment(), ...env },
      stdio: ['pipe', 'pipe', 'pipe', ...(channel ? (['ipc'] as const) : [])],
    })
    this.#child.stdin?.on('error', () => undefined) // a process that ends early need not read the rest
    if (input !== undefined) this.#child.stdin?.end(input)
    this.#collect('stdout')
    this.#collect('stderr')
    running.add(this)
    this.exited = this.#whenEnded()
  }

  readonly #child: ChildProcess

  get pid(): number {
    return this.#child.pid!
  }

  get stdin(): NodeJS.WritableStream {
    return this.#child.stdin!
  }

  /** Both outputs, for failure messages. */
  get output(): string {
    return (
      `$ ${[this.command, ...(this.#options.args ?? [])].join(' ')}\n${this.stdout.join('\n')}\n--- ` +
      `stderr\n${this.stderr.join('\n')}`
    )
  }

  /** Waits for a line of either output, including earlier ones. */
  async line(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    const timeout = AbortSignal.timeout(timeoutMs)
    for (;;) {
      const found = [...this.stdout, ...this.stderr].find((line) => pattern.test(line))
      if (found !== undefined) return found
      if (this.#exit)
        throw new Error(
          `it ended with ${JSON.stringify(this.#exit)} and never printed ${String(pattern)}\n${this.output}`,
        )
      await once(this.#heard, 'line', { signal: timeout }).catch(() => {
        throw new Error(`it did not print ${String(pattern)} within ${timeoutMs} ms\n${this.output}`)
      })
    }
  }

  get ended(): boolean {
    return this.#exit !== undefined
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Sends SIGTERM and waits for its exit; SIGKILL when it takes too long, which fails the test. */
  async stop(timeoutMs = 25_000): Promise<Exit> {
    this.signal('SIGTERM')
    const impatience = setTimeout(() => this.signal('SIGKILL'), timeoutMs)
    const exit = await this.exited
    clearTimeout(impatience)
    return exit
  }

  async kill(): Promise<void> {
    if (this.#exit) return
    for (const pid of this.descendants()) killQuietly(pid)
    this.signal('SIGKILL')
    await this.exited
  }

  /** Processes below this one, nearest first. */
  descendants(): number[] {
    const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    const children = new Map<number, number[]>()
    for (const row of rows) {
      const [pid, parent] = row.trim().split(/\s+/).map(Number)
      children.set(parent!, [...(children.get(parent!) ?? []), pid!])
    }
    const found: number[] = []
    for (const next = [this.pid]; next.length > 0;) {
      const below = children.get(next.shift()!) ?? []
      found.push(...below)
      next.push(...below)
    }
    return found
  }

  #collect(name: 'stdout' | 'stderr'): void {
    createInterface({ input: this.#child[name]! }).on('line', (line) => {
      this[name].push(line)
      this.#heard.emit('line')
    })
  }

  async #whenEnded(): Promise<Exit> {
    const exit = await new Promise<Exit>((resolve) => {
      this.#child.once('error', (error) => {
        this.stderr.push(String(error))
        resolve({ code: null, signal: null })
      })
      // `close`, not `exit`: all output has been read.
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
    this.#exit = exit
    running.delete(this)
    this.#heard.emit('line')
    return exit
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}

/** Runs a command to its end. */
export async function run(command: string, options: ProcessOptions = {}): Promise<Exit & { process: SystemProcess }> {
  const it = new SystemProcess(command, { input: '', ...options })
  return { ...(await it.exited), process: it }
}

// The door of every npm script. Runs on any Node from 20 on and needs nothing installed: installs what the lock file names,
// finds Node 24 (the machine's, or the one among the packages), builds when the sources are newer, then runs the command on it.
// Everything it says goes to stderr: stdout belongs to the command.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants } from 'node:os'

const ROOT = join(import.meta.dirname, '..')
const NEEDED = 24
const APPS = { standalone: 'apps/standalone', aggregator: 'apps/aggregator', notifier: 'apps/notifier', cli: 'apps/cli' }

const say = (line) => process.stderr.write(`${line}\n`)
const fail = (line) => {
  say(line)
  process.exit(1)
}

function install() {
  const lock = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json'))).digest('hex')
  const mark = join(ROOT, 'node_modules', '.installed-lock')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return
  say('installing packages (once) …')
  const npm = process.env.npm_execpath
  const [command, args] = npm && existsSync(npm) ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const { status } = spawnSync(command, [...args, '--loglevel=error'], { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) fail('npm ci failed; nothing was started. Its output is above.')
  writeFileSync(mark, lock)
}

function node24() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return process.execPath
  const bundled = join(ROOT, 'node_modules', `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(bundled)) return bundled
  return fail(`Quorate needs Node ${NEEDED} or newer; this is ${process.version}, and no packaged Node fits ${process.platform} ${process.arch}. Install Node ${NEEDED} and try again.`)
}

function build(node) {
  const { status } = spawnSync(node, [join(ROOT, 'scripts', 'build.mjs')], { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) fail('the build failed; nothing was started. Its output is above.')
}

/** Runs the command as a child that lives no longer than we do: signals are passed on, and if we or npm are killed outright it stops by itself. */
function run(node, args, env = {}) {
  const child = spawn(node, args, { cwd: ROOT, stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: { ...process.env, ...env } })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const parent = process.ppid
  const orphaned = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500)
  orphaned.unref()
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))
}

const [command, ...rest] = process.argv.slice(2)
install()
const node = node24()
process.env.PATH = `${join(node, '..')}:${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH}`

if (command in APPS) {
  build(node)
  run(node, ['--enable-source-maps', join(ROOT, 'dist', APPS[command], 'src', 'main.js'), ...rest], { QUORATE_LAUNCHER: '1' })
} else if (command === 'build') build(node)
else if (command === 'test') run(node, [join(ROOT, 'scripts', 'test.mjs'), ...rest])
else if (command === 'jest') {
  build(node)
  run(node, ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules/jest/bin/jest.js'), '--selectProjects', ...rest])
} else if (command === 'bin') run(node, [join(ROOT, 'node_modules', '.bin', rest[0]), ...rest.slice(1)])
else if (command === 'node') run(node, rest)
else fail(`unknown command ${command}`)

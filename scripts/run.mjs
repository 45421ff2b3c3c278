// The entry of every npm script. Runs on any Node from 20 on and needs nothing installed: installs what the lock file
// names, finds Node 24 (the machine's, or the one among the packages), builds if the sources are newer, then runs the
// command on it. Its own output goes to stderr: stdout belongs to the command.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { isBuilt, ROOT } from './sources.mjs'
import { once } from './setup-lock.mjs'

const NEEDED = 24
const MAINS = {
  standalone: 'apps/standalone/src/main.js',
  aggregator: 'apps/aggregator/src/main.js',
  notifier: 'apps/notifier/src/main.js',
  // With the commands that start servers, as in the package.
  cli: 'packages/quorate/src/main.js',
}

const say = (line) => process.stderr.write(`${line}\n`)
const fail = (line) => {
  say(line)
  process.exit(1)
}

/**
 * Whether node_modules holds what the lock file names. npm writes its own copy of the lock last, so a broken install
 * has none.
 */
function isInstalled() {
  const present = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(present)) return false
  const { packages: have } = JSON.parse(readFileSync(present, 'utf8'))
  const { packages: want } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  return Object.entries(want).every(
    ([path, { version, optional }]) => path === '' || (have[path] ? have[path].version === version : optional === true),
  )
}

function install() {
  say('installing packages (once) …')
  const npm = process.env.npm_execpath
  const [command, args] = npm && existsSync(npm) ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const { status } = spawnSync(command, [...args, '--loglevel=error'], { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) fail('npm ci failed; nothing was started. Its output is above.')
}

function node24() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const packaged = join(ROOT, 'node_modules', name, 'bin', 'node')
  if (existsSync(packaged)) return packaged
  return fail(
    `Quorate needs Node ${NEEDED} or newer; this is ${process.version}, and no packaged Node fits ` +
      `${process.platform} ${process.arch}. ` +
      `Install Node ${NEEDED} and try again.`,
  )
}

function build(...options) {
  const { status } = spawnSync(node, [join(ROOT, 'scripts', 'build.mjs'), ...options], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) fail('the build failed; nothing was started. Its output is above.')
}

/**
 * Runs the command as a child that does not outlive this process: signals are passed on, and when this process is
 * killed the child's channel closes.
 */
function run(args, env = {}) {
  const child = spawn(node, args, {
    cwd: workingDirectory(),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: the child already has it.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  if (process.env.npm_lifecycle_event) endWithNpm(child)
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))
}

/** npm that is killed does not tell its child; this process then gets another parent. */
function endWithNpm(child) {
  const npm = process.ppid
  setInterval(() => process.ppid !== npm && child.kill('SIGTERM'), 500).unref()
}

/** npm changes to the project's folder; file names on the CLI's command line are relative to the caller's folder. */
function workingDirectory() {
  if (command !== 'cli') return ROOT
  return process.env.npm_lifecycle_event ? (process.env.INIT_CWD ?? ROOT) : process.cwd()
}

const [command, ...rest] = process.argv.slice(2)
once(isInstalled, install)
const node = node24()
process.env.PATH = `${dirname(node)}:${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH}`

if (command in MAINS) {
  once(isBuilt, build)
  run(['--enable-source-maps', join(ROOT, 'dist', MAINS[command]), ...rest], {
    QUORATE_LAUNCHER: '1',
    NODE_COMPILE_CACHE: join(ROOT, '.cache', 'compiled'),
  })
} else if (command === 'example') {
  once(isBuilt, build)
  const [name, ...more] = rest
  run([join(ROOT, 'dist', 'examples', String(name), 'main.js'), ...more], { QUORATE_LAUNCHER: '1' })
} else if (command === 'build')
  once(
    () => isBuilt() && rest.length === 0,
    () => build(...rest),
  )
else if (command === 'test') run([join(ROOT, 'scripts', 'test.mjs'), ...rest])
else if (command === 'jest') {
  once(isBuilt, build)
  // --selectProjects comes last: it takes every bare word after it for a project.
  const [project, ...chosen] = rest
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
  ]
  run([...jest, ...chosen, '--selectProjects', project])
} else if (command === 'bin') run([join(ROOT, 'node_modules', '.bin', rest[0]), ...rest.slice(1)])
else if (command === 'node') {
  once(isBuilt, build)
  run(rest)
} else
  fail(
    `unknown command ${command}; known: ` +
      `${[...Object.keys(MAINS), 'example', 'build', 'test', 'jest', 'bin', 'node'].join(', ')}`,
  )

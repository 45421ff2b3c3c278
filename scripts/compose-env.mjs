// Writes .env for docker-compose.yml: each secret of .env.example with a random value. An .env that is there stays as it is.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const example = readFileSync(join(root, '.env.example'), 'utf8')
const text = example.replace(/^(\w+)=$/gm, (_, name) => `${name}=${randomBytes(24).toString('hex')}`)
try {
  // For its owner alone, and never over one that is in use: brokers keep their passwords.
  writeFileSync(join(root, '.env'), text, { mode: 0o600, flag: 'wx' })
  console.log('.env is written, with secrets of its own. docker compose reads it.')
} catch (error) {
  if (error.code !== 'EEXIST') throw error
  console.error('.env is there already and stays as it is.')
  process.exitCode = 1
}

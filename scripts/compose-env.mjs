// Writes .env for docker-compose.yml: each secret of .env.example with a random value. An existing .env is not changed.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const example = readFileSync(join(root, '.env.example'), 'utf8')
const text = example.replace(/^(\w+)=$/gm, (_, name) => `${name}=${randomBytes(24).toString('hex')}`)
try {
  // Readable only by its owner, and never over an existing file: brokers keep their passwords.
  writeFileSync(join(root, '.env'), text, { mode: 0o600, flag: 'wx' })
  console.log('.env is written, with new secrets. docker compose reads it.')
} catch (error) {
  if (error.code !== 'EEXIST') throw error
  console.error('.env already exists and is not changed.')
  process.exitCode = 1
}

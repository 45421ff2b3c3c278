import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '.'

const ROOT = join(__dirname, '../../../..')

it.each(['.', ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)])(
  'is that of package.json in %s',
  (folder) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { version: string }
    expect(VERSION).toBe(version)
  },
)

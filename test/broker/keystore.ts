import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** A key for 127.0.0.1, and the certificate that clients must trust. */
export interface Keystore {
  readonly file: string
  readonly password: string
  readonly certificate: string
}

export async function createKeystore(dir: string): Promise<Keystore> {
  const file = join(dir, 'broker.p12')
  const password = 'changeit'
  const store = ['-alias', 'broker', '-keystore', file, '-storepass', password]
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=ip:127.0.0.1,dns:localhost', '-validity', '7']
  await exec('keytool', ['-genkeypair', ...store, '-storetype', 'PKCS12', '-keyalg', 'EC', ...names])
  const { stdout: certificate } = await exec('keytool', ['-exportcert', '-rfc', ...store])
  return { file, password, certificate }
}

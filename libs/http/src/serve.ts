import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { AddressInfo } from 'node:net'
import { closeEdge } from './edge'

export interface Serving {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Told the port once it listens, before the transports start: they advertise it. */
  readonly onListening: (port: number) => void
  /** What the modules were made of; closed after the application, also when it could not start. */
  readonly closeParts: () => Promise<unknown>
}

/** Listens, then starts the transports. Returns what closes all of it; when it fails, everything is closed already. */
export async function serve(
  app: NestFastifyApplication,
  { host, port, onListening, closeParts }: Serving,
): Promise<() => Promise<void>> {
  const close = async (): Promise<void> => {
    await closeEdge(app)
    await closeParts()
  }
  try {
    await app.listen(port, host)
    onListening((app.getHttpServer().address() as AddressInfo).port)
    await app.startAllMicroservices()
  } catch (error) {
    await close()
    throw error
  }
  return close
}

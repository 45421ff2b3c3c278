import { Module } from '@nestjs/common'
import { startQuorate } from '@quorate/engine/nest'
import { DoorsController } from './doors.controller'

@Module({ controllers: [DoorsController] })
class AppModule {}

async function main(): Promise<void> {
  const quorate = await startQuorate(AppModule, {
    env: { QUORATE_DATA_DIR: 'data-example-6', ...process.env },
  })
  process.stdout.write(`listens on ${quorate.url}; /docs has the doors beside Quorate's own resources\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void quorate.close())
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})

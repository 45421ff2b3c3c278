import { Controller, Get, Inject } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { Public } from './access'
import { Answer } from './answer'

export const METRICS = Symbol('metrics registries')

/** A registry whose every sample says which application it is of. */
export function createRegistry(app: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ app })
  return registry
}

/** Of the process itself: memory, CPU, event loop. */
export function processMetrics(app: string): Registry {
  const registry = createRegistry(app)
  collectDefaultMetrics({ register: registry })
  return registry
}

/** `/metrics` in Prometheus's text format, of all applications in this process. */
@ApiTags('health')
@Public()
@Controller()
export class MetricsController {
  constructor(@Inject(METRICS) private readonly registries: readonly Registry[]) {}

  @Get('metrics')
  @ApiOperation({ operationId: 'metrics', summary: "Prometheus's text format; each sample has the label app." })
  @ApiOkResponse({ description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } })
  async metrics(): Promise<Answer> {
    const texts = await Promise.all(this.registries.map((registry) => registry.metrics()))
    const headers = { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE, 'cache-control': 'no-store' }
    return new Answer(200, headers, merged(texts))
  }
}

/** Applications have metrics of the same names: the format wants each name's samples together, under one head. */
export function merged(texts: readonly string[]): string {
  const blocks = new Map<string, { head: string; samples: string[] }>()
  for (const block of texts.flatMap((text) => text.split(/^(?=# HELP )/m))) {
    const lines = block.split('\n').filter((line) => line !== '')
    const name = /^# HELP (\S+)/.exec(lines[0] ?? '')?.[1]
    if (name === undefined) continue
    const known = blocks.get(name) ?? { head: lines.filter((line) => line.startsWith('#')).join('\n'), samples: [] }
    known.samples.push(...lines.filter((line) => !line.startsWith('#')))
    blocks.set(name, known)
  }
  return [...blocks.values()].map(({ head, samples }) => [head, ...samples, ''].join('\n')).join('\n')
}

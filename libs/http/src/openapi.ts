import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { FAULT, oneOf } from '@quorate/contracts'
import { Type } from '@sinclair/typebox'
import { componentsOf, refTo } from './components'
import { HEALTH_SCHEMA } from './health'
import { PROBLEMS } from './problems'
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger'

export interface OpenApiOptions {
  readonly title: string
  readonly version: string
  readonly description: string
  /** Named schemas that the controllers refer to. */
  readonly schemas?: Readonly<Record<string, object>>
}

/** The OpenAPI 3.1 document of the application's controllers. */
export function createOpenApi(
  app: NestFastifyApplication,
  { title, version, description, schemas }: OpenApiOptions,
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion(version)
    .setOpenAPIVersion('3.1.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addSecurity('bearer', {
      type: 'http',
      scheme: 'bearer',
      description: 'The API key. Needed when one is configured.',
    })
    .addSecurity('apiKey', { type: 'apiKey', in: 'header', name: 'X-API-Key' })
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('apiKey')
    .build()
  // Needed only when access is configured: the empty requirement says so.
  config.security?.push({})
  const document = SwaggerModule.createDocument(app, config)
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...schemas, ...componentsOf([PROBLEM_SCHEMA, HEALTH_SCHEMA]) },
  }
  for (const path of Object.values(document.paths))
    for (const [method, operation] of Object.entries(path as Record<string, Operation>))
      describeProblems(operation, method !== 'get')
  return document
}

/** Serves `/openapi.json`. */
export function serveOpenApi(app: NestFastifyApplication, document: OpenAPIObject): void {
  const text = JSON.stringify(document)
  app
    .getHttpAdapter()
    .getInstance()
    .get('/openapi.json', (_request, reply) => void reply.type('application/json; charset=utf-8').send(text))
}

/**
 * Serves the page at `/docs`. From main only: its assets' package is ESM all the way down, which plain Jest cannot
 * load.
 */
export function serveDocs(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, { customSiteTitle: document.info.title, raw: false })
}

/** RFC 9457. `type` and `code` are stable. */
const PROBLEM_SCHEMA = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: oneOf(Object.keys(PROBLEMS)),
    errors: Type.Array(FAULT),
    requestId: Type.String(),
  },
  { $id: 'Problem', additionalProperties: false, description: 'What went wrong (RFC 9457).' },
)

interface Operation {
  requestBody?: object
  responses?: Record<string, { description?: string; content?: object; headers?: object }>
}

/** Whatever a handler declares to go wrong is returned as a problem, and some things can always go wrong. */
function describeProblems({ requestBody, responses = {} }: Operation, isWrite: boolean): void {
  const always = ['400', '401', '403', '414', '429', '431', '500']
  if (isWrite) always.push('503')
  if (requestBody !== undefined) always.push('413', '415')
  for (const status of always) responses[status] ??= {}
  for (const [status, response] of Object.entries(responses)) {
    if (Number(status) < 400 || response.content) continue
    const codes = Object.entries(PROBLEMS).filter(([code, row]) => row.status === Number(status) && code !== 'no-route')
    response.description ||= codes.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(' ')
    response.content = { 'application/problem+json': { schema: refTo(PROBLEM_SCHEMA) } }
    if (status === '503' || status === '429')
      response.headers = {
        'Retry-After': { description: 'Seconds to wait before trying again.', schema: { type: 'integer' } },
      }
  }
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify'
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
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...schemas } }
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

/** Serves the page at `/docs`. From main only: its assets' package is ESM all the way down, which plain Jest cannot load. */
export function serveDocs(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, { customSiteTitle: document.info.title, raw: false })
}

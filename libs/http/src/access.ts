import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common'
import { isLoopback, type Secret } from '@quorate/config'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'
import { isRead } from './methods'
import { Problem } from './problem'

export type Role = 'reader' | 'reporter' | 'operator' | 'admin'
export const ROLES: readonly Role[] = ['reader', 'reporter', 'operator', 'admin']

/** Who calls. `name` is the author of what they write. */
export interface Principal {
  readonly name: string
  readonly roles: readonly Role[]
}

/** With nothing configured: only this machine can call, and may do everything. */
export const LOCAL: Principal = { name: 'local', roles: ROLES }
const ADMIN: Principal = { name: 'admin', roles: ROLES }

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined
    /** True when another instance sent it, with a valid signature: it is never forwarded again. */
    forwarded: boolean
    /** Whose share of what is bounded it takes (`callerOf`). */
    caller: string
  }
}

const ROLE = 'quorate:role'
/** Who may call a handler; without it, readers. */
export const Requires = (role: Role) => SetMetadata(ROLE, role)
const PUBLIC = 'quorate:public'
/** Answers without credentials: health, metrics, documentation. Tells nothing of any object. */
export const Public = () => SetMetadata(PUBLIC, true)

/** Judges `Authorization: Bearer` or `X-API-Key` against the one key, or lets this machine's callers be `local`. */
export class Access {
  constructor(private readonly apiKey: Secret | undefined) {}

  /**
   * Without a key, public resources are served under this machine's own names only. @throws Problem 403
   */
  checkName(request: Pick<FastifyRequest, 'headers'>): void {
    if (!this.apiKey) checkLoopback(request)
  }

  /** @throws Problem 401 or 403 */
  principalOf(request: Pick<FastifyRequest, 'headers' | 'method'>): Principal {
    if (!this.apiKey) return localOf(request)
    const given = credentialsOf(request)
    if (given === undefined)
      throw unauthenticated('Send the API key as "Authorization: Bearer <key>" or "X-API-Key: <key>".')
    if (!this.apiKey.equals(given)) throw unauthenticated('The API key is not valid.')
    return ADMIN
  }
}

/**
 * A page of another site can send requests to 127.0.0.1 through its visitor's browser: under a name that it lets
 * resolve there (DNS rebinding), and such requests carry that name as their host; or straight, without being asked
 * before it writes where no body or header gives it away, and such requests carry the page's origin (`null` for one
 * that hides it). What it reads so it cannot see.
 */
function localOf({ headers, method }: Pick<FastifyRequest, 'headers' | 'method'>): Principal {
  checkLoopback({ headers })
  if (!isRead(method) && isForeign(headers.origin)) {
    throw new Problem(
      'forbidden',
      'Nothing was done: without access configured a page may write only when it comes from localhost or 127.0.0.1. Set QUORATE_API_KEY to write from other pages.',
    )
  }
  return LOCAL
}

function checkLoopback({ headers }: Pick<FastifyRequest, 'headers'>): void {
  if (isLoopback((headers.host ?? '').replace(/:\d+$/, ''))) return
  throw new Problem(
    'forbidden',
    'Without access configured only requests to localhost or 127.0.0.1 are answered. Set QUORATE_API_KEY to be reachable under other names.',
  )
}

const isForeign = (origin: string | undefined) =>
  origin !== undefined && !(URL.canParse(origin) && isLoopback(new URL(origin).hostname))

function credentialsOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const key = headers['x-api-key']
  if (typeof key === 'string') return key
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

const unauthenticated = (detail: string) =>
  new Problem('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="quorate"' } })

/**
 * Compares the caller's roles with what the handler requires. Who the caller is was found out before the body was read.
 */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true
    const places = [context.getHandler(), context.getClass()]
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, places)) return true
    const { principal } = context.switchToHttp().getRequest<FastifyRequest>()
    const role = this.reflector.getAllAndOverride<Role | undefined>(ROLE, places) ?? 'reader'
    if (!principal) throw unauthenticated('No valid credentials.')
    if (!principal.roles.includes(role))
      throw new Problem(
        'forbidden',
        `This needs the role ${role}; ${principal.name} has ${principal.roles.join(', ') || 'none'}.`,
      )
    return true
  }
}

import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** Methods that the path of a URL takes; none where there is no such resource. */
    methodsOf(url: string): string[]
  }
}

/** Remembers the routes as they are added, so that a wrong method can be told from a wrong path. */
export function rememberRoutes(instance: FastifyInstance): void {
  const routes = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>()
  instance.addHook('onRoute', ({ url, method }) => {
    let route = routes.get(url)
    if (!route) routes.set(url, (route = { path: patternOf(url), methods: new Set() }))
    for (const one of [method].flat()) route.methods.add(one)
  })
  instance.decorate('methodsOf', (url: string) => {
    const path = url.split('?')[0]!
    const taken = [...routes.values()].flatMap((route) => (route.path.test(path) ? [...route.methods] : []))
    return [...new Set(taken)].sort()
  })
}

/** `/v1/objects/:object` takes one segment for a name. What takes any path (`*`) is no resource of its own. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+'
    return part === '*' ? '(?!)' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  return new RegExp(`^${segments.join('/')}$`)
}

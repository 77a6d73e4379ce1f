import type { Handler } from '../../http/server/server.ts'
import type { AdminRoutes } from '../module.ts'

/** One path with what its methods do. */
export interface Route {
  readonly path: string
  readonly about: string
  readonly methods: Readonly<Record<string, Handler>>
  /** Also served by the public listener. */
  readonly isPublic?: boolean
}

/** The admin API's paths: the kernel's own and those that modules add. */
export class RouteTable {
  readonly #routes = new Map<string, Route>()

  /** All routes, by path. */
  get all(): Route[] {
    return [...this.#routes.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  /** Adds methods to a path; disposing takes them away again. */
  add(route: Route): Disposable {
    const known = this.#routes.get(route.path)
    const twice = Object.keys(route.methods).find(method => known?.methods[method])
    if (twice) throw new Error(`${twice} ${route.path} is served already`)
    this.#routes.set(
      route.path,
      known ? { ...known, methods: { ...known.methods, ...route.methods } } : route,
    )
    return { [Symbol.dispose]: () => this.#remove(route) }
  }

  /** The route of a request's path: an exact one, else the longest `/*` above it. */
  find(path: string): Route | undefined {
    const exact = this.#routes.get(path)
    if (exact) return exact
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const below = this.#routes.get(`${path.slice(0, end)}/*`)
      if (below) return below
    }
    return undefined
  }

  /** A module's own corner of the table; what it adds goes when the scope closes. */
  forModule(module: string, scope: AsyncDisposableStack): AdminRoutes {
    const add = (method: string, path: string, about: string, handler: Handler) => {
      if (path !== `/${module}` && !path.startsWith(`/${module}/`)) {
        throw new Error(`module ${module} may serve /${module} and what is below it, not ${path}`)
      }
      scope.use(this.add({ path, about, methods: { [method]: handler } }))
    }
    return {
      get: (path, about, handler) => add('GET', path, about, handler),
      post: (path, about, handler) => add('POST', path, about, handler),
    }
  }

  #remove(route: Route): void {
    const known = this.#routes.get(route.path)
    if (!known) return
    const left = Object.entries(known.methods).filter(
      ([method, handler]) => route.methods[method] !== handler,
    )
    if (left.length === 0) this.#routes.delete(route.path)
    else this.#routes.set(route.path, { ...known, methods: Object.fromEntries(left) })
  }
}

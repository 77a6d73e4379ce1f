import type { ModuleTable } from '../kernel/config/load.ts'

/** The only place that names the modules. Each is loaded when a configuration names it. */
export const modules: ModuleTable = {
  metrics: () => import('./metrics/module.ts').then(({ metrics }) => metrics),
  logs: () => import('./logs/module.ts').then(({ logs }) => logs),
  secrets: () => import('./secrets/module.ts').then(({ secrets }) => secrets),
  proxy: () => import('./proxy/module.ts').then(({ proxy }) => proxy),
}

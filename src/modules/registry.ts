import type { ModuleTable } from '../kernel/config/load.ts'

/** The only place that names the modules. Each is loaded when a configuration names it. */
export const modules: ModuleTable = {
  logs: () => import('./logs/module.ts').then(({ logs }) => logs),
  proxy: () => import('./proxy/module.ts').then(({ proxy }) => proxy),
}

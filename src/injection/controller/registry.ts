import type { ModuleTable } from '../../kernel/config/load.ts'
import type { CatalogueFile } from '../catalogue/read.ts'

export interface ControllerParts {
  /** The catalogue that comes with the product; asked when the configuration names no other. */
  readonly builtInCatalogue: () => Promise<readonly CatalogueFile[]>
}

/**
 * What `outrigger controller` is made of: the same kernel as the sidecar's, with other modules. Each is loaded when its
 * configuration names it.
 */
export function controllerModules(parts: ControllerParts): ModuleTable {
  return {
    cluster: () => import('./cluster/module.ts').then(({ cluster }) => cluster),
    injection: () => import('./injection/module.ts').then(({ injectionModule }) => injectionModule(parts)),
    mesh: () => import('./mesh/module.ts').then(({ mesh }) => mesh),
    watchdog: () => import('./watchdog/module.ts').then(({ watchdog }) => watchdog),
  }
}

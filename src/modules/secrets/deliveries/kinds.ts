import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { ContentConfig } from '../templates/config.ts'
import { apiDeliveryConfig, checkApiDelivery } from './api/config.ts'
import type { Delivery, DeliveryHost } from './delivery.ts'
import { checkEnvironmentDelivery, environmentDeliveryConfig } from './environment/config.ts'
import { checkFileDelivery, fileDeliveryConfig } from './file/config.ts'
import { checkFolderDelivery, folderDeliveryConfig } from './folder/config.ts'
import { checkGatewayDelivery, gatewayDeliveryConfig } from './gateway/config.ts'
import { checkTokenDelivery, tokenDeliveryConfig } from './token/config.ts'

/** All kinds of deliveries: a new one is an entry here and in the functions below, and a folder. */
export const deliverySchema = s.oneOf(
  {
    file: fileDeliveryConfig,
    folder: folderDeliveryConfig,
    environment: environmentDeliveryConfig,
    token: tokenDeliveryConfig,
    api: apiDeliveryConfig,
    gateway: gatewayDeliveryConfig,
  },
  { about: 'One way in which secrets reach the application.' },
)

export type DeliveryConfig = Infer<typeof deliverySchema>

/** Rules between the options of one delivery. Paths begin behind its kind. */
export function checkDelivery(delivery: DeliveryConfig): Problem[] {
  switch (delivery.kind) {
    case 'file':
      return checkFileDelivery(delivery.config)
    case 'folder':
      return checkFolderDelivery(delivery.config)
    case 'environment':
      return checkEnvironmentDelivery(delivery.config)
    case 'token':
      return checkTokenDelivery(delivery.config)
    case 'api':
      return checkApiDelivery(delivery.config)
    case 'gateway':
      return checkGatewayDelivery(delivery.config)
  }
}

/** A content of a delivery, and where it stands in it. */
export interface PlacedContent {
  readonly path: Problem['path']
  readonly content: ContentConfig
}

/** Every text that a delivery makes of secrets. */
export function contentsOf({ kind, config }: DeliveryConfig): PlacedContent[] {
  switch (kind) {
    case 'file':
      return [{ path: [], content: config }]
    case 'folder':
      return config.files.map((content, index) => ({ path: ['files', index], content }))
    case 'environment':
      return Object.entries(config.variables).map(([name, content]) => ({
        path: ['variables', name],
        content,
      }))
    case 'token':
    case 'api':
    case 'gateway':
      return []
  }
}

/** Opens a delivery; what it needs is loaded now. Rejects with a message for people. */
export async function openDelivery(
  name: string,
  delivery: DeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  switch (delivery.kind) {
    case 'file':
      return (await import('./file/delivery.ts')).openFileDelivery(name, delivery.config, host)
    case 'folder':
      return (await import('./folder/delivery.ts')).openFolderDelivery(name, delivery.config, host)
    case 'environment':
      return (await import('./environment/delivery.ts')).openEnvironmentDelivery(name, delivery.config, host)
    case 'token':
      return (await import('./token/delivery.ts')).openTokenDelivery(name, delivery.config, host)
    case 'api':
      return (await import('./api/delivery.ts')).openApiDelivery(name, delivery.config, host)
    case 'gateway':
      return (await import('./gateway/delivery.ts')).openGatewayDelivery(name, delivery.config, host)
  }
}

import type { LimitConfig } from './config.ts'
import { type Limiter, type LimiterParts, LocalLimiter } from './limiter.ts'
import type { SharedCounts } from './shared-counts.ts'
import { SharedLimiter } from './shared-limiter.ts'

/** `shared`: where limits with `shared: true` are counted. */
export function createLimiter(
  configs: readonly LimitConfig[],
  { shared, ...parts }: LimiterParts & { readonly shared?: SharedCounts },
): Limiter {
  const together = shared !== undefined && configs.some(config => config.shared)
  return together ? new SharedLimiter(configs, shared, parts) : new LocalLimiter(configs, parts)
}

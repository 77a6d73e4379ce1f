import { forbidCoreDumps } from '../../kernel/core-dumps.ts'
import type { Module } from '../../kernel/module.ts'
import { checkSecrets, type SecretsConfig, secretsConfig } from './config.ts'
import type { SecretsOffer } from './gateway/offer.ts'
import { SecretService } from './service.ts'
import { examineTemplates, missingTemplates } from './templates/examine.ts'

/** Fetches secrets, keeps them good, and delivers them. */
export const secrets: Module<SecretsConfig, SecretsOffer> = {
  name: 'secrets',
  config: secretsConfig,
  check: checkSecrets,
  examine: examineTemplates,
  lacks: missingTemplates,
  async start(config, host) {
    forbidCoreDumps()
    const service = await SecretService.open(config, host)
    host.admin.get('/secrets', 'Secrets and deliveries: states and times, no values', (_, response) => {
      const body = `${JSON.stringify(service.status(), null, 2)}\n`
      response.send(200, { 'Content-Type': 'application/json' }, body)
    })
    return {
      offer: { ...service.offer, gateway: options => service.gateway(options) },
      health: () => service.health(),
      update: next => service.update(next),
      drain: async () => {
        await service.finish()
      },
    }
  },
}

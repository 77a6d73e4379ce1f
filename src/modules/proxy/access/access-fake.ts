import assert from 'node:assert/strict'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import { type Access, type AccessParts, createAccess } from './access.ts'
import { type AccessConfig, accessConfig } from './config.ts'

export function decodedAccess(config: object): AccessConfig {
  const result = accessConfig.decode(config)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** Access control as the file says, with time turned by hand. */
export function fakeAccess(
  config: object,
  parts: Partial<AccessParts> = {},
): { access: Access; host: FakeHost } {
  const host = fakeHost()
  return { access: createAccess(decodedAccess(config), { ...host, ...parts }), host }
}

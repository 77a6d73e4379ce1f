import { type AuthMethod, logIn } from './method.ts'

/** TLS certificate auth: the connection itself proves who we are. */
export function certMethod({ role, mount }: { readonly role?: string; readonly mount: string }): AuthMethod {
  return {
    name: 'cert',
    login: (client, signal) => logIn(client, `auth/${mount}/login`, { name: role }, signal),
  }
}

import { VaultError } from '../error.ts'
import { askMetadata, memberOf } from './metadata.ts'
import { type AuthHost, type AuthMethod, logIn } from './method.ts'
import { readSecretFile } from './secret-file.ts'

export interface AzureConfig {
  readonly role: string
  readonly resource: string
  readonly clientId?: string
  readonly objectId?: string
  readonly fromEnvironment: boolean
  readonly metadataUrl: string
  readonly mount: string
}

const METADATA = 'the metadata service of Azure'
const LOGIN = 'the login of Azure'
/** "Azure Instance Metadata Service", "How to use managed identities": the versions that are asked for. */
const INSTANCE_VERSION = '2017-08-01'
const TOKEN_VERSION = '2018-02-01'
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Azure auth: by the managed identity of the machine, or by what stands in the environment (a workload identity of AKS, or
 * a service principal with its secret).
 */
export function azureMethod(config: AzureConfig, host: AuthHost): AuthMethod {
  const { role, mount, fromEnvironment } = config
  return {
    name: 'azure',
    login: async (client, signal) => {
      const jwt = fromEnvironment
        ? await tokenOfEnvironment(config, host, signal)
        : await tokenOfMachine(config, host, signal)
      const machine = machineOf(config, host, signal)
      // A workload has its identity without the machine's, which it may not be able to ask for.
      const body = { jwt, ...(await (fromEnvironment ? machine.catch(() => ({})) : machine)) }
      return await logIn(client, `auth/${mount}/login`, { role, ...body }, signal)
    },
  }
}

async function tokenOfMachine(config: AzureConfig, host: AuthHost, signal: AbortSignal): Promise<string> {
  const { resource, clientId, objectId } = config
  const query = {
    'api-version': TOKEN_VERSION,
    resource,
    ...(clientId !== undefined && { client_id: clientId }),
    ...(objectId !== undefined && { object_id: objectId }),
  }
  const answer = await askMachine(config, 'identity/oauth2/token', query, host, signal)
  return memberOf(answer, ['access_token'], METADATA)
}

async function machineOf(config: AzureConfig, host: AuthHost, signal: AbortSignal) {
  const answer = await askMachine(config, 'instance', { 'api-version': INSTANCE_VERSION }, host, signal)
  const about = (key: string) => memberOf(answer, ['compute', key], METADATA)
  return {
    vm_name: about('name'),
    vmss_name: about('vmScaleSetName'),
    resource_group_name: about('resourceGroupName'),
    subscription_id: about('subscriptionId'),
  }
}

function askMachine(
  { metadataUrl, fromEnvironment }: AzureConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  { clock }: AuthHost,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(`/metadata/${path}?${new URLSearchParams(query)}`, metadataUrl)
  const headers = { metadata: 'true' }
  return askMetadata({ name: METADATA, url, headers, isOptional: fromEnvironment }, clock, signal)
}

/** "Microsoft identity platform and the OAuth 2.0 client credentials flow", with a federated token or a secret. */
async function tokenOfEnvironment(
  { resource, clientId }: AzureConfig,
  { clock, env }: AuthHost,
  signal: AbortSignal,
): Promise<string> {
  const variable = (name: string) => {
    const value = env[name]
    if (value !== undefined && value !== '') return value
    throw new VaultError('invalid', `auth.azure.fromEnvironment: the variable ${name} is not set`)
  }
  const authority = env['AZURE_AUTHORITY_HOST'] || 'https://login.microsoftonline.com/'
  if (!URL.canParse(authority)) throw new VaultError('invalid', 'AZURE_AUTHORITY_HOST is not a URL')
  const tokenFile = env['AZURE_FEDERATED_TOKEN_FILE']
  const proof =
    tokenFile === undefined || tokenFile === ''
      ? { client_secret: variable('AZURE_CLIENT_SECRET') }
      : {
          client_assertion_type: ASSERTION,
          client_assertion: await readSecretFile(tokenFile, 'AZURE_FEDERATED_TOKEN_FILE'),
        }
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId ?? variable('AZURE_CLIENT_ID'),
    scope: resource.endsWith('/.default') ? resource : `${resource}/.default`,
    ...proof,
  })
  const url = new URL(`${encodeURIComponent(variable('AZURE_TENANT_ID'))}/oauth2/v2.0/token`, authority)
  const answer = await askMetadata({ name: LOGIN, url, form }, clock, signal)
  return memberOf(answer, ['access_token'], LOGIN)
}

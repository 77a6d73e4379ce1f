import type { Address } from './address.ts'
import type { InterfaceAddress } from './interfaces.ts'

/** `math "address" "+1"`, `math "network" "-2"`, `math "mask" "24"` (go-sockaddr, `math`). */
export function calculated(operation: string, value: string, one: InterfaceAddress): InterfaceAddress {
  return { ...one, address: addressOf(operation.toLowerCase(), value, one.address) }
}

function addressOf(operation: string, value: string, of: Address): Address {
  switch (operation) {
    case 'address':
      return of.at(of.value + signed(operation, value), of.prefix)
    case 'network': {
      // From the front, or below zero from the end; what is too much begins anew within the network.
      return of.at(of.network + (signed(operation, value) & of.hostMask), of.prefix)
    }
    case 'mask': {
      const prefix = Number(value)
      if (!/^\d+$/.test(value) || prefix > of.width)
        throw new Error(
          `parameter for operation "mask" on ${of.type} addresses must be between 0 and ${of.width}`,
        )
      const masked = of.at(of.value, prefix)
      return of.at(masked.network, Math.min(prefix, of.prefix))
    }
    default:
      throw new Error(`unsupported math operation: ${JSON.stringify(operation)}`)
  }
}

function signed(operation: string, value: string): bigint {
  if (!/^\s*[+-]/.test(value))
    throw new Error(`sign (+/-) is required for operation ${JSON.stringify(operation)}`)
  if (!/^[+-]\d{1,19}$/.test(value))
    throw new Error(
      `unable to convert ${JSON.stringify(value)} to int for operation ${JSON.stringify(operation)}`,
    )
  return BigInt(value)
}

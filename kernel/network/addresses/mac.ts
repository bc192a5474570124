// Hardware addresses: random, and looked up before use so that none is handed out twice.
import type { Transaction } from '../../../eden/store/store.ts'
import { everyPort, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'

const tries = 16

/** A MAC that no port has; `prefix` is its first three bytes. */
export async function newMac(transaction: Transaction, prefix: string): Promise<string> {
  const { ids } = transaction.store
  for (let attempt = 0; attempt < tries; attempt++) {
    const tail = ids.secret(3).toString('hex').match(/../g)!.join(':')
    const mac = `${prefix}:${tail}`
    if (!(await transaction.rows(port, everyPort).first({ macAddress: mac }))) return mac
  }
  throw refusal(503, 'MacAddressGenerationFailure', 'Unable to generate a hardware address that is free.')
}

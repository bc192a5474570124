// The first tables of compute.
import type { Migration } from '../../../eden/store/schema.ts'
import { serverAction } from '../actions/action.ts'
import { consoleToken } from '../consoles/token.ts'
import { flavor } from '../flavors/flavor.ts'
import { serverGroup } from '../groups/group.ts'
import { aggregate, computeHost } from '../hosts/host.ts'
import { keypair } from '../keypairs/keypair.ts'
import { deletedServer, server } from '../servers/server.ts'
import { blockDevice } from '../volumes/block-device.ts'

export const computeTables: Migration = {
  name: '0001-compute',
  up: (schema) =>
    schema.tables(
      flavor,
      keypair,
      server,
      deletedServer,
      blockDevice,
      computeHost,
      aggregate,
      serverGroup,
      serverAction,
      consoleToken,
    ),
}

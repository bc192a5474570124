// Tags: short words that people put on networks, ports and the like; set all at once or one by one.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok } from '../../../eden/http/request.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { routes } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { floatingIp } from '../floating-ips/floating-ip.ts'
import { network } from '../networks/network.ts'
import { port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { router } from '../routers/router.ts'
import { securityGroup } from '../security-groups/group.ts'
import { subnetPool } from '../subnet-pools/subnet-pool.ts'
import { subnet } from '../subnets/subnet.ts'

type Tagged = Resource<{ id: never; projectId: never; tags: never }>
const maxTags = 50
const tag = Type.String({ minLength: 1, maxLength: 255 })
const schema = Type.Object({ tags: Type.Array(tag, { maxItems: maxTags }) }, { additionalProperties: false })
const beyond = everyone('the row was seen and its rule checked')

const taggable = {
  networks: [network, 'network'],
  subnets: [subnet, 'subnet'],
  ports: [port, 'port'],
  routers: [router, 'router'],
  floatingips: [floatingIp, 'floatingip'],
  'security-groups': [securityGroup, 'security_group'],
  subnetpools: [subnetPool, 'subnetpool'],
} as unknown as Record<string, [resource: Tagged, one: string]>

const unique = (tags: string[]) => [...new Set(tags)]

/** Duplicates go, the order stays. */
function change(resource: Tagged, rule: string, next: (present: string[], input: Input) => string[]) {
  return async (call: Call, input: Input): Promise<string[]> => {
    const seen = (await call.rows(resource).get(input.params.id!)) as Record<string, unknown>
    call.require(rule, dressed(resource, seen, call))
    return call.transaction(async (tx) => {
      const rows = tx.rows(resource, beyond)
      const row = await rows.get(input.params.id!)
      const tags = next(row.tags as unknown as string[], input)
      if (tags.length > maxTags) throw badRequest(`A resource has ${maxTags} tags at the most.`)
      await rows.update(row, { tags } as never)
      return tags
    })
  }
}

const r = routes<NetworkContext>()

function routesFor(path: string, resource: Tagged, one: string) {
  const at = `/v2.0/${path}/:id/tags`
  const update = `network/update_${one}s_tags`
  const remove = `network/delete_${one}s_tags`
  const missing = ({ params }: Input) => refusal(404, 'TagNotFound', `Tag ${params.tag} could not be found.`)
  const replace = change(resource, update, (_, { body }) => unique((body as { tags: string[] }).tags))
  const add = change(resource, update, (present, { params }) => {
    if (params.tag!.length > 255) throw badRequest('A tag has 255 characters at the most.')
    return unique([...present, params.tag!])
  })
  const drop = change(resource, remove, (present, input) => {
    if (!present.includes(input.params.tag!)) throw missing(input)
    return present.filter((tag) => tag !== input.params.tag)
  })
  const clear = change(resource, remove, () => [])
  const tagsOf = async (call: Call, { params }: Input) =>
    ((await call.rows(resource).get(params.id!)) as unknown as { tags: string[] }).tags
  return [
    r('GET', at, async (_, call, input) => ok({ tags: await tagsOf(call, input) })),
    r('PUT', at, async (_, call, input) => ok({ tags: await replace(call, input) }), { body: schema }),
    r('DELETE', at, async (_, call, input) => {
      await clear(call, input)
      return noContent()
    }),
    r('GET', `${at}/:tag`, async (_, call, input) => {
      if (!(await tagsOf(call, input)).includes(input.params.tag!)) throw missing(input)
      return noContent()
    }),
    r('PUT', `${at}/:tag`, async (_, call, input) => {
      await add(call, input)
      return created(undefined)
    }),
    r('DELETE', `${at}/:tag`, async (_, call, input) => {
      await drop(call, input)
      return noContent()
    }),
  ]
}

export const tagRoutes = Object.entries(taggable).flatMap(([path, [resource, one]]) => routesFor(path, resource, one))

// GET /flavors and /flavors/detail.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import type { ComputeContext } from '../context.ts'
import { pageLinks } from '../links.ts'
import { flavor } from './flavor.ts'
import { flavorName, flavorView } from './view.ts'

const numberOf = (name: string, value: string | undefined) => {
  if (value === undefined) return 0
  if (!/^-?\d+$/.test(value)) throw badRequest(`Invalid ${name} filter [${value}]`)
  return Number(value)
}

/** Administrators ask by `is_public`; `None` means all. */
function publicity(call: Call, given: string | undefined): boolean | undefined {
  if (call.sees !== 'all' || given === undefined) return true
  if (given.toLowerCase() === 'none') return undefined
  const wanted = parseFlag(given)
  if (wanted === undefined) throw badRequest(`Invalid is_public filter [${given}]`)
  return wanted
}

export const listFlavors =
  (isDetailed: boolean) =>
  async ({ config }: ComputeContext, call: Call, input: Input) => {
    const { query } = input
    const minRam = numberOf('minRam', query.minRam)
    const minDisk = numberOf('minDisk', query.minDisk)
    const wantsPublic = publicity(call, query.is_public)
    const options = listOptions(
      flavor,
      { queryAll: pagingOf(input.queryAll) },
      {
        maxLimit: config.maxLimit,
        sort: [{ field: 'id' }],
        aliases: {
          flavorid: 'id',
          memory_mb: 'memoryMiB',
          root_gb: 'diskGiB',
          ephemeral_gb: 'ephemeralGiB',
          is_public: 'isPublic',
          disabled: 'isDisabled',
          swap: 'swapMiB',
        },
      },
    )
    if (options.marker && !(await call.rows(flavor).find(options.marker)))
      throw badRequest(`marker [${options.marker}] not found`)
    const { limit, ...all } = options
    const mine = call.credentials.projectId ?? ''
    const rows = (await call.rows(flavor).list(all))
      .filter(({ memoryMiB, diskGiB }) => memoryMiB >= minRam && diskGiB >= minDisk)
      .filter(({ isPublic, projects, isDisabled }) => {
        if (call.sees !== 'all' && isDisabled) return false
        return wantsPublic === undefined || isPublic === wantsPublic || (wantsPublic && projects.includes(mine))
      })
      .slice(0, limit)
    return ok({
      flavors: rows.map((row) => (isDetailed ? flavorView(call, row) : flavorName(call, row))),
      ...pageLinks(call, input, {
        path: isDetailed ? 'flavors/detail' : 'flavors',
        name: 'flavors',
        limit,
        items: rows,
      }),
    })
  }

function pagingOf(query: URLSearchParams): URLSearchParams {
  const paging = new URLSearchParams()
  for (const name of ['limit', 'marker', 'sort_key', 'sort_dir'])
    for (const value of query.getAll(name)) paging.append(name, value)
  return paging
}

// What this cloud's image service can do: its API versions, import methods, stores and use.
import { ok, reply } from '../../eden/http/request.ts'
import type { ServiceOperation } from '../../eden/service.ts'
import type { ImageContext } from './context.ts'
import { image } from './images/image.ts'

/** 2.14 and 2.16 are the cache's, which this cloud does not need. */
const versions = [
  '2.15',
  '2.13',
  '2.12',
  '2.11',
  '2.10',
  '2.9',
  '2.8',
  '2.7',
  '2.6',
  '2.5',
  '2.4',
  '2.3',
  '2.2',
  '2.1',
  '2.0',
]

const document = (origin: string) => ({
  versions: versions.map((version, index) => ({
    id: `v${version}`,
    status: index === 0 ? 'CURRENT' : 'SUPPORTED',
    links: [{ rel: 'self', href: `${origin}/v2/` }],
  })),
})

export const choices: ServiceOperation<ImageContext> = async (_, call) => reply(300, document(call.origin))
export const listVersions: ServiceOperation<ImageContext> = async (_, call) => ok(document(call.origin))

export const showImportInfo: ServiceOperation<ImageContext> = async ({ config }) =>
  ok({
    'import-methods': {
      description: 'Import methods available.',
      type: 'array',
      value: [...config.importMethods],
    },
  })

export const showStores: ServiceOperation<ImageContext> = async ({ store }) =>
  ok({ stores: [{ id: store.name, description: `The ${store.name} store`, default: 'true' }] })

export const showStoresDetail: ServiceOperation<ImageContext> = async ({ store }) =>
  ok({
    stores: [
      { id: store.name, type: store.name, description: `The ${store.name} store`, default: 'true', properties: {} },
    ],
  })

/** Nothing is limited here; -1 says so. */
export const showUsage: ServiceOperation<ImageContext> = async (_, call) => {
  const owner = call.projectId
  const images = call.rows(image)
  const mebibytes = (bytes: number) => Math.ceil(bytes / 1024 / 1024)
  const uploading = ['saving', 'uploading', 'importing'] as const
  return ok({
    usage: {
      image_size_total: { limit: -1, usage: mebibytes(await images.sum('size', { owner })) },
      image_stage_total: { limit: -1, usage: mebibytes(await images.sum('size', { owner, status: ['uploading'] })) },
      image_count_total: { limit: -1, usage: await images.count({ owner }) },
      image_count_uploading: { limit: -1, usage: await images.count({ owner, status: [...uploading] }) },
    },
  })
}

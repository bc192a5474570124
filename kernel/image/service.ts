// The image service: its table of contents.
import { service } from '../../eden/service.ts'
import { imageSettings } from './config.ts'
import { type ImageContext, imageContext } from './context.ts'
import { healUploads, removeStrays } from './data/heal.ts'
import { imageDialect } from './dialect.ts'
import { image } from './images/image.ts'
import { importImageJob } from './imports/import.ts'
import { task } from './imports/task.ts'
import { member } from './members/member.ts'
import { firstTables } from './migrations/0001-images.ts'
import { imagePolicy } from './policy.ts'
import { imageRoutes } from './routes.ts'

export const imageService = service<ImageContext>({
  name: 'image',
  exactPaths: true,
  ports: [9292],
  prefix: '/image',
  catalog: [{ type: 'image', name: 'glance', path: '' }],
  routes: imageRoutes,
  jobs: [importImageJob as never],
  reconcilers: [healUploads, removeStrays],
  settings: imageSettings,
  policy: imagePolicy,
  resources: [image, member, task],
  migrations: [firstTables],
  dialect: imageDialect,
  context: imageContext,
})

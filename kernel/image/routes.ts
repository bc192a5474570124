// Which operation answers which request.
import { routes } from '../../eden/service.ts'
import type { ImageContext } from './context.ts'
import { download, location } from './data/download.ts'
import { stage, upload } from './data/upload.ts'
import { deactivate, reactivate } from './images/activation.ts'
import { createImage } from './images/create.ts'
import { deleteImage } from './images/delete.ts'
import { listImages } from './images/list.ts'
import { showImage } from './images/show.ts'
import { addTag, removeTag } from './images/tags.ts'
import { updateImage } from './images/update.ts'
import { importImage } from './imports/import.ts'
import { listTasks, listTasksOfImage, showTask } from './imports/task.ts'
import { choices, listVersions, showImportInfo, showStores, showStoresDetail, showUsage } from './info.ts'
import { addMember, listMembers, removeMember, showMember, updateMember } from './members/operations.ts'
import { showSchema } from './schemas/schemas.ts'

const r = routes<ImageContext>()

/** Large images over slow lines. */
const transferWithinMs = 24 * 3600_000
const bytes = { body: 'stream', withinMs: transferWithinMs } as const

export const imageRoutes = [
  r('GET', '/', choices, { token: 'none' }),
  r('GET', '/versions', listVersions, { token: 'none' }),
  r('GET', '/v2', choices, { token: 'none' }),

  r('POST', '/v2/images', createImage, { body: 'any' }),
  r('GET', '/v2/images', listImages, { rule: 'get_images' }),
  r('GET', '/v2/images/:id', showImage),
  r('PATCH', '/v2/images/:id', updateImage, { body: 'any' }),
  r('DELETE', '/v2/images/:id', deleteImage),

  r('PUT', '/v2/images/:id/file', upload, bytes),
  r('GET', '/v2/images/:id/file', download, { withinMs: transferWithinMs }),
  r('PUT', '/v2/images/:id/stage', stage, bytes),
  r('POST', '/v2/images/:id/import', importImage, { body: 'any' }),
  r('GET', '/v2/images/:id/tasks', listTasksOfImage),
  r('POST', '/v2/images/:id/actions/deactivate', deactivate),
  r('POST', '/v2/images/:id/actions/reactivate', reactivate),
  r('PUT', '/v2/images/:id/tags/:tag', addTag),
  r('DELETE', '/v2/images/:id/tags/:tag', removeTag),

  r('GET', '/v2/images/:id/members', listMembers),
  r('POST', '/v2/images/:id/members', addMember, { body: 'any' }),
  r('GET', '/v2/images/:id/members/:member', showMember),
  r('PUT', '/v2/images/:id/members/:member', updateMember, { body: 'any' }),
  r('DELETE', '/v2/images/:id/members/:member', removeMember),

  r('GET', '/v2/tasks', listTasks, { rule: 'tasks_api_access' }),
  r('GET', '/v2/tasks/:id', showTask, { rule: 'tasks_api_access' }),
  r('GET', '/v2/info/import', showImportInfo),
  r('GET', '/v2/info/stores', showStores),
  r('GET', '/v2/info/stores/detail', showStoresDetail, { rule: 'stores_info_detail' }),
  r('GET', '/v2/info/usage', showUsage),
  r('GET', '/v2/schemas/*', showSchema),

  r('GET', '/internal/images/:id/location', location, { rule: 'service_api' }),
]

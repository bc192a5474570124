// The first tables of the image service.
import type { Migration } from '../../../eden/store/schema.ts'
import { image } from '../images/image.ts'
import { task } from '../imports/task.ts'
import { member } from '../members/member.ts'

export const firstTables: Migration = { name: '0001-images', up: (schema) => schema.tables(image, member, task) }

// Who may do what with images: Glance's rule names and their defaults.
import { policyRules } from '../../eden/policy/rules.ts'

const ownerReads = 'role:admin or (role:reader and project_id:%(project_id)s)'
const ownerWorks = 'role:admin or (role:member and project_id:%(project_id)s)'
const given =
  'project_id:%(project_id)s or project_id:%(member_id)s or "community":%(visibility)s or "public":%(visibility)s or "shared":%(visibility)s'
const memberSees = 'role:admin or role:reader and (project_id:%(project_id)s or project_id:%(member_id)s)'

export const imagePolicy = policyRules('image', {
  default: { check: '', says: 'What no other rule covers.' },
  add_image: {
    check: 'role:admin or (role:member and project_id:%(project_id)s and project_id:%(owner)s)',
    says: 'Make an image.',
    routes: ['POST /v2/images'],
  },
  delete_image: { check: ownerWorks, says: 'Delete an image.', routes: ['DELETE /v2/images/{image_id}'] },
  get_image: {
    check: `role:admin or (role:reader and (${given}))`,
    says: 'See an image.',
    routes: ['GET /v2/images/{image_id}'],
  },
  get_images: { check: ownerReads, says: 'List images.', routes: ['GET /v2/images'] },
  modify_image: { check: ownerWorks, says: 'Change an image.', routes: ['PATCH /v2/images/{image_id}'] },
  publicize_image: { check: 'role:admin', says: 'Make an image public.' },
  communitize_image: { check: ownerWorks, says: 'Let every project use an image without listing it for them.' },
  download_image: {
    check: `role:admin or (role:member and (${given}))`,
    says: 'Download the bytes of an image.',
    routes: ['GET /v2/images/{image_id}/file'],
  },
  upload_image: {
    check: ownerWorks,
    says: 'Upload the bytes of an image.',
    routes: ['PUT /v2/images/{image_id}/file', 'PUT /v2/images/{image_id}/stage'],
  },
  deactivate: { check: ownerWorks, says: 'Deactivate an image.' },
  reactivate: { check: ownerWorks, says: 'Reactivate an image.' },
  copy_image: { check: 'role:admin', says: 'Copy an image to another store.' },
  add_member: { check: ownerWorks, says: 'Share an image with a project.' },
  delete_member: { check: ownerWorks, says: 'Stop sharing an image with a project.' },
  modify_member: {
    check: 'role:admin or (role:member and project_id:%(member_id)s)',
    says: 'Accept or reject an image that was shared.',
  },
  get_member: { check: memberSees, says: 'See with whom an image is shared.' },
  get_members: { check: memberSees, says: 'List with whom an image is shared.' },
  tasks_api_access: { check: 'role:admin', says: 'Use the tasks API.', routes: ['GET /v2/tasks'] },
  get_task: { check: '', says: 'See a task.' },
  get_tasks: { check: '', says: 'List tasks.' },
  stores_info_detail: { check: 'role:admin', says: 'See the insides of stores.' },
  metadef_default: { check: '', says: 'Read metadata definitions.' },
  metadef_admin: { check: 'role:admin', says: 'Change metadata definitions.' },
})

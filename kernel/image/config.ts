// The image service's settings.
import { setting, settings, type ValuesOf } from '../../eden/config/setting.ts'

export const imageSettings = settings('image', {
  maxImageSize: setting({ type: 'size', default: '1TiB', says: 'The most bytes that one upload or import may have.' }),
  maxVirtualSize: setting({
    type: 'size',
    default: '4TiB',
    says: 'The largest disk that an image may unpack to, whatever the size of the upload.',
  }),
  requireFormatMatch: setting({
    type: 'flag',
    default: true,
    says: 'Refuse an upload whose content is not of its declared disk format. Dangerous content is refused regardless.',
  }),
  importFromPrivateAddresses: setting({
    type: 'flag',
    default: false,
    says: 'Let web-download imports fetch from loopback, private and link-local addresses. For test clouds.',
  }),
  importMethods: setting({
    type: 'list',
    default: ['glance-direct', 'web-download'],
    says: 'The import methods that are offered.',
  }),
  maxPropertiesPerImage: setting({ type: 'integer', default: 128, min: 0, says: 'Custom properties of one image.' }),
  maxTagsPerImage: setting({ type: 'integer', default: 128, min: 0, says: 'Tags of one image.' }),
  maxMembersPerImage: setting({ type: 'integer', default: 128, min: 0, says: 'Projects that share one image.' }),
})
export type ImageConfig = ValuesOf<typeof imageSettings>

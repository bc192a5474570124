// What POST /servers may carry.
import { Type } from 'typebox'

const name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const flagWord = Type.Union([Type.Boolean(), Type.String({ maxLength: 5 })])
const number = Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: '^[0-9]+$' })])
const nothing = Type.Null()

const network = Type.Object(
  {
    uuid: Type.Optional(Type.Union([nothing, Type.String({ format: 'uuid' })])),
    port: Type.Optional(Type.Union([nothing, Type.String({ format: 'uuid' })])),
    fixed_ip: Type.Optional(Type.String({ maxLength: 64 })),
    tag: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  },
  { additionalProperties: false },
)

const device = Type.Object(
  {
    source_type: Type.Optional(Type.Unsafe({ type: 'string', enum: ['volume', 'image', 'snapshot', 'blank'] })),
    destination_type: Type.Optional(Type.Unsafe({ type: 'string', enum: ['volume', 'local'] })),
    uuid: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    image_id: Type.Optional(Type.String({ maxLength: 255 })),
    boot_index: Type.Optional(Type.Union([nothing, Type.Integer(), Type.String({ pattern: '^-?[0-9]+$' })])),
    volume_size: Type.Optional(Type.Union([nothing, number])),
    delete_on_termination: Type.Optional(flagWord),
    device_name: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    device_type: Type.Optional(Type.Union([nothing, Type.String()])),
    disk_bus: Type.Optional(Type.Union([nothing, Type.String()])),
    guest_format: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    no_device: Type.Optional(Type.Union([nothing, flagWord])),
    tag: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
    volume_type: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    volume_id: Type.Optional(Type.String()),
    snapshot_id: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

export const metadataItems = Type.Record(Type.String({ pattern: '^.{1,255}$' }), Type.String({ maxLength: 255 }), {
  additionalProperties: false,
})

export const tagText = Type.String({ minLength: 1, maxLength: 60, pattern: '^[^,/]*$' })

const serverFields = Type.Object(
  {
    name,
    imageRef: Type.Optional(Type.String({ maxLength: 1024 })),
    flavorRef: Type.Union([Type.String({ minLength: 1 }), Type.Integer()]),
    networks: Type.Optional(Type.Union([nothing, Type.Literal('auto'), Type.Literal('none'), Type.Array(network)])),
    security_groups: Type.Optional(
      Type.Array(Type.Object({ name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) })),
    ),
    key_name: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    user_data: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 65535 })])),
    metadata: Type.Optional(metadataItems),
    config_drive: Type.Optional(Type.Union([nothing, flagWord])),
    availability_zone: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    min_count: Type.Optional(number),
    max_count: Type.Optional(number),
    return_reservation_id: Type.Optional(flagWord),
    block_device_mapping_v2: Type.Optional(Type.Array(device)),
    block_device_mapping: Type.Optional(Type.Array(device)),
    tags: Type.Optional(Type.Array(tagText, { maxItems: 50 })),
    description: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 255 })])),
    hostname: Type.Optional(
      Type.String({ minLength: 2, maxLength: 63, pattern: '^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$' }),
    ),
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    hypervisor_hostname: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    adminPass: Type.Optional(Type.String()),
    accessIPv4: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 64 })])),
    accessIPv6: Type.Optional(Type.Union([nothing, Type.String({ maxLength: 64 })])),
    'OS-DCF:diskConfig': Type.Optional(Type.Unsafe({ type: 'string', enum: ['AUTO', 'MANUAL'] })),
    personality: Type.Optional(
      Type.Array(Type.Object({ path: Type.String({ maxLength: 255 }), contents: Type.String({ maxLength: 65535 }) })),
    ),
    trusted_image_certificates: Type.Optional(Type.Union([nothing, Type.Array(Type.String())])),
  },
  { additionalProperties: false },
)

const hints = Type.Object(
  {
    group: Type.Optional(Type.String({ maxLength: 255 })),
    same_host: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    different_host: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  },
  { additionalProperties: true },
)

export const createServerBody = Type.Object(
  {
    server: serverFields,
    'os:scheduler_hints': Type.Optional(hints),
    'OS-SCH-HNT:scheduler_hints': Type.Optional(hints),
  },
  { additionalProperties: false },
)

export interface GivenDevice {
  source_type?: 'volume' | 'image' | 'snapshot' | 'blank'
  destination_type?: 'volume' | 'local'
  uuid?: string | null
  boot_index?: number | string | null
  volume_size?: number | string | null
  delete_on_termination?: boolean | string
  device_name?: string | null
  tag?: string
  volume_type?: string | null
  volume_id?: string
  snapshot_id?: string
}

export interface GivenNetwork {
  uuid?: string | null
  port?: string | null
  fixed_ip?: string
  tag?: string
}

export interface GivenServer {
  name: string
  imageRef?: string
  flavorRef: string | number
  networks?: GivenNetwork[] | 'auto' | 'none' | null
  security_groups?: { name?: string }[]
  key_name?: string | null
  user_data?: string | null
  metadata?: Record<string, string>
  config_drive?: boolean | string | null
  availability_zone?: string | null
  min_count?: number | string
  max_count?: number | string
  return_reservation_id?: boolean | string
  block_device_mapping_v2?: GivenDevice[]
  block_device_mapping?: GivenDevice[]
  tags?: string[]
  description?: string | null
  hostname?: string
  host?: string
  hypervisor_hostname?: string
  adminPass?: string
  accessIPv4?: string | null
  accessIPv6?: string | null
  'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL'
  personality?: { path: string; contents: string }[]
}

export interface GivenHints {
  group?: string
  same_host?: string | string[]
  different_host?: string | string[]
}

/** First version that has a field, and last. */
export const fieldVersions: Record<string, { since?: string; until?: string }> = {
  tags: { since: '2.52' },
  description: { since: '2.19' },
  hostname: { since: '2.90' },
  host: { since: '2.74' },
  hypervisor_hostname: { since: '2.74' },
  personality: { until: '2.56' },
  trusted_image_certificates: { since: '2.63' },
}

// What the cloud's composition hands to identity.

/** One service of the cloud, as its catalog names it. */
export interface CatalogService {
  type: string
  name: string
  region: string
  /** URL of each interface; `$(project_id)s` and `%(tenant_id)s` stand for the caller's project. */
  urls: { public: string; internal: string; admin: string }
}

/** Gift `catalog`: the services that the catalog must list, asked for at every start. */
export type CatalogGift = () => CatalogService[]

/** Gift `identity.bootstrap`: the password of `admin`, used only while that user does not exist. */
export interface BootstrapGift {
  adminPassword: string
}

/** Gift `identity.keyDir`: folder of the token keys; without it keys live in memory and tokens end with the process. */
export type KeyDirGift = string

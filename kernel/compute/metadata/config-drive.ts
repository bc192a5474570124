// The files of a config drive: the same documents that the metadata service answers with.
import type { Nic, Server } from '../servers/server.ts'
import type { BlockDevice } from '../volumes/block-device.ts'
import { contentPath, metaData, networkData, releases } from './documents.ts'
import { ec2Document } from './ec2.ts'

export function configDriveOf(
  row: Server,
  nics: readonly Nic[],
  devices: readonly BlockDevice[],
  adminPass?: string,
): Record<string, string> {
  const files: Record<string, string> = {}
  const userData = row.userData === null ? undefined : Buffer.from(row.userData, 'base64').toString('utf8')
  for (const release of releases) {
    const beside = { nics, devices, ...(adminPass !== undefined && { adminPass }) }
    files[`openstack/${release}/meta_data.json`] = JSON.stringify(metaData(row, release, beside))
    if (userData !== undefined) files[`openstack/${release}/user_data`] = userData
    if (release >= '2013-04-04') files[`openstack/${release}/vendor_data.json`] = '{}'
    if (release >= '2015-10-15') files[`openstack/${release}/network_data.json`] = JSON.stringify(networkData(nics))
    if (release >= '2016-10-06') files[`openstack/${release}/vendor_data2.json`] = '{}'
  }
  for (const [index, { contents }] of row.files.entries())
    files[`openstack${contentPath(index)}`] = Buffer.from(contents, 'base64').toString('utf8')
  for (const release of ['2009-04-04', 'latest']) {
    files[`ec2/${release}/meta-data.json`] = JSON.stringify(ec2Document(row, nics, devices))
    if (userData !== undefined) files[`ec2/${release}/user-data`] = userData
  }
  return files
}

// OpenStack's own command line client, as the distribution ships it, against a cloud: what users type works.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type DisposableCloud, startCloud } from '../cloud/start-cloud.ts'
import { until } from './client.ts'
import { tinyDisk } from './scenario.ts'
import { quiet, unsettled } from './settled.ts'

const program = '/usr/bin/openstack'

test('the openstack client', { skip: !existsSync(program) && 'needs python3-openstackclient' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-client-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const cloud = await startCloud()
  t.after(() => cloud.close())

  await t.test('says by its exit status what failed', async () => {
    const [good, bad] = await Promise.all([
      once(start(cloud, ['token', 'issue']), 'exit'),
      once(start(cloud, ['server', 'show', 'nothing']), 'exit'),
    ])
    assert.deepEqual([good[0], bad[0]], [0, 1])
  })

  // A start of the client takes a second or two, so one process is given all commands.
  const { run, json, end } = session(t, cloud)
  await t.test('a failed command is noticed', async () => {
    await assert.rejects(run('server show nothing'), /No server/)
    await assert.rejects(run('server list --nonsense'), /unrecognized/)
    await assert.rejects(run('service lisst'), /not an openstack command/)
  })

  await t.test('identity', async () => {
    const catalog = (await json('catalog list')) as { Name: string }[]
    for (const service of ['keystone', 'glance', 'nova', 'neutron', 'cinderv3'])
      assert.ok(
        catalog.some(({ Name }) => Name === service),
        `${service} is not in ${JSON.stringify(catalog)}`,
      )
    await run('project create --description for-the-test crew')
    await run('user create --project crew --password secret-of-ann ann')
    await run('role create sailor')
    await run('role add --project crew --user ann sailor')
    const roles = await json('role assignment list --names --project crew --user ann')
    assert.deepEqual(
      (roles as { Role: string }[]).map(({ Role }) => Role),
      ['sailor'],
    )
  })

  await t.test('image', async () => {
    const [given, saved] = [join(folder, 'given.raw'), join(folder, 'saved.raw')]
    writeFileSync(given, tinyDisk())
    await run(`image create --disk-format raw --container-format bare --file ${given} disk`)
    await run(`image save --file ${saved} disk`)
    assert.ok(readFileSync(saved).equals(tinyDisk()))
  })

  await t.test('network', async () => {
    const [{ Name: external }] = (await json('network list --external')) as [{ Name: string }]
    await run('network create inner')
    await run('subnet create --network inner --subnet-range 10.78.0.0/24 inner-v4')
    await run('router create way-out')
    await run(`router set --external-gateway ${external} way-out`)
    await run('router add subnet way-out inner-v4')
    await run('security group create doors')
    await run('security group rule create --protocol tcp --dst-port 22 --remote-ip 0.0.0.0/0 doors')
    await run('port create --network inner --security-group doors plug')
    await run(`floating ip create --port plug ${external}`)
  })

  await t.test('server', async () => {
    const key = join(folder, 'key')
    await run(`keypair create --private-key ${key} key`)
    assert.match(readFileSync(key, 'utf8'), /^-----BEGIN .*PRIVATE KEY-----/)
    await run('server create --wait --image disk --flavor m1.nano --key-name key --port plug box')
    const [floating] = (await json('floating ip list')) as { 'Floating IP Address': string }[]
    const { status, addresses } = await one('server show box')
    assert.equal(status, 'ACTIVE')
    assert.ok(JSON.stringify(addresses).includes(floating!['Floating IP Address']))
    await run(`server remove floating ip box ${floating!['Floating IP Address']}`)
    await run(`server add floating ip box ${floating!['Floating IP Address']}`)
    assert.match(String((await one('console url show --novnc box')).url), /^http:.*token=/)
    await run('server stop box')
    await comesTo('server show box', 'SHUTOFF')
    await run('server start box')
    await comesTo('server show box', 'ACTIVE')
  })

  await t.test('volume', async () => {
    await run('volume create --size 1 store')
    await comesTo('volume show store', 'available')
    await run('server add volume box store')
    await comesTo('volume show store', 'in-use')
    await run('volume snapshot create --force --volume store moment')
    await comesTo('volume snapshot show moment', 'available')
    await run('server remove volume box store')
    await comesTo('volume show store', 'available')
  })

  await t.test('all of it goes', async () => {
    await run('volume snapshot delete moment')
    await isEmpty('volume snapshot list')
    await run('volume delete store')
    await run('server delete --wait box')
    for (const { ID } of (await json('floating ip list')) as { ID: string }[]) await run(`floating ip delete ${ID}`)
    await run('port delete plug')
    await run('router remove subnet way-out inner-v4')
    await run('router delete way-out')
    await run('subnet delete inner-v4')
    await run('network delete inner')
    await run('security group delete doors')
    await run('keypair delete key')
    await run('image delete disk')
    await run('user delete ann')
    await run('project delete crew')
    await run('role delete sailor')
    for (const list of ['server list', 'volume list', 'port list --network public', 'image list', 'keypair list'])
      await isEmpty(list)
  })

  assert.equal(await end(), 0)
  await quiet(cloud.cloud.assembly)
  assert.deepEqual(await unsettled(cloud.cloud.assembly), [])

  async function one(command: string) {
    return (await json(command)) as Record<string, unknown>
  }
  async function comesTo(command: string, wanted: string) {
    const asked = await until(
      command,
      () => one(command),
      ({ status }) => status === wanted || /error/i.test(String(status)),
    )
    assert.equal(asked.status, wanted)
  }
  async function isEmpty(command: string) {
    await until(
      `${command} to be empty`,
      () => json(command),
      (rows) => (rows as unknown[]).length === 0,
    )
  }
})

function start(cloud: DisposableCloud, parameters: string[]): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: tmpdir(), LC_ALL: 'C.UTF-8', PYTHONUNBUFFERED: '1', ...cloud.env }
  return spawn(program, parameters, { env, stdio: ['pipe', 'pipe', 'pipe'] })
}

/**
 * The client reading commands from its standard input. It has no exit status for each, so
 * a command has failed when it says something on standard error or the client does not know it.
 */
function session(t: TestContext, cloud: DisposableCloud) {
  const client = start(cloud, [])
  t.after(() => client.kill('SIGKILL'))
  const said = { out: '', err: '' }
  let wake = () => {}
  client.stdout!.on('data', (data) => {
    said.out += data
    wake()
  })
  client.stderr!.on('data', (data) => {
    said.err += data
    wake()
  })
  client.on('exit', () => wake())
  let count = 0

  /** @throws with what the client said, where the command failed. */
  async function run(command: string): Promise<string> {
    const mark = `end-of-${++count}`
    said.out = said.err = ''
    client.stdin!.write(`${command}\n!sh -c "echo ${mark}; echo ${mark} 1>&2"\n`)
    while (!(said.out.includes(mark) && said.err.includes(mark))) {
      if (client.exitCode !== null) throw new Error(`the client ended in '${command}': ${said.out}${said.err}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const [out, err] = [said.out.split(mark)[0]!, said.err.split(mark)[0]!.trim()]
    if (err !== '' || out.includes('is not an openstack command')) throw new Error(`${command}: ${err || out}`)
    return out
  }

  return {
    run,
    json: async (command: string): Promise<unknown> => JSON.parse(await run(`${command} -f json`)),
    /** @returns the client's exit status. */
    async end(): Promise<number | null> {
      client.stdin!.end()
      if (client.exitCode === null) await once(client, 'exit')
      return client.exitCode
    },
  }
}

// `cloudos image build-test`: the small guest image, out of Debian's packages.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from '../../eden/root.ts'

export async function run([what, ...rest]: string[]): Promise<number> {
  if (what !== 'build-test' || rest.includes('--help')) {
    console.log(
      'cloudos image build-test [--install-deps] [--guest-agent] [--out DIR]\n\nBuilds tinycloud-amd64.qcow2 (some 18 MB) in about 40 s.',
    )
    return what === 'build-test' ? 0 : 2
  }
  const script = join(projectRoot, 'images/test-image/build')
  return new Promise((resolve, reject) => {
    const child = spawn(script, rest, { stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

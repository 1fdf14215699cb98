/** Finds a Python, and makes the virtual environment in which other projects run. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const environment = join(import.meta.dirname, '../.venv')
const ownPython = join(environment, 'bin/python')

async function can(python: string, ...modules: readonly string[]): Promise<boolean> {
  try {
    await run(python, ['-c', modules.map((module) => `import ${module}`).join('\n')])
    return true
  } catch {
    return false
  }
}

/** A Python in which these modules can be imported: the virtual environment's, else the system's; null = none. */
export async function pythonWith(...modules: readonly string[]): Promise<string | null> {
  for (const python of [ownPython, 'python3', 'python']) {
    if ((python !== ownPython || existsSync(ownPython)) && (await can(python, ...modules))) return python
  }
  return null
}

/** The peers, pinned, so that a ratio means the same next year. */
const packages = [
  ...['numpy==2.4.6', 'scipy==1.17.1', 'implicit==0.7.3', 'kindling-rec==1.0.4'],
  // The last that runs on Python 3.11; it brings PyTorch (some 3 GB).
  'lenskit==2025.8.1',
]
const modules = ['numpy', 'scipy', 'implicit', 'kindling', 'lenskit']

/** The virtual environment with the peers installed, made where it is absent. Null, with the reason told, where it cannot be. */
export async function peerPython(say: (text: string) => void): Promise<string | null> {
  if (existsSync(ownPython) && (await can(ownPython, ...modules))) return ownPython
  const system = await pythonWith('venv')
  if (!system) {
    say('peers: skipped, there is no python3 with venv')
    return null
  }
  say(`peers: making ${environment}`)
  try {
    await run(system, ['-m', 'venv', environment])
    await run(ownPython, ['-m', 'pip', 'install', '--quiet', ...packages], { timeout: 3_600_000 })
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    say(`peers: skipped, the packages cannot be installed: ${(stderr ?? String(error)).trim().split('\n').at(-1)}`)
    return null
  }
  return ownPython
}

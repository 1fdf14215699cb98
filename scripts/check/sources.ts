/** The project's TypeScript sources, read once, with their imports. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

export interface Source {
  /** Path from the project's root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly isTest: boolean
  /** Project files that it imports (types included), as paths from the root. */
  readonly imports: readonly string[]
}

export interface Breach {
  readonly rule: string
  readonly path: string
  readonly line?: number
  readonly message: string
}

const importPattern =
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders.flatMap((folder) => walk(join(root, folder))).map((file) => readSource(root, file))
}

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'wasm' || name === 'node_modules' ? [] : walk(path)
    return name.endsWith('.ts') && !name.endsWith('.d.ts') ? [path] : []
  })
}

function readSource(root: string, file: string): Source {
  const text = readFileSync(file, 'utf8')
  const path = relative(root, file).replaceAll('\\', '/')
  const imports = [...text.matchAll(importPattern)]
    .map((match) => match[1] ?? match[2] ?? match[3])
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(path), name)).replaceAll('\\', '/'))
  return {
    path,
    text,
    lines: text.split('\n').length - 1,
    isTest: /\.test\.ts$|(^|\/)testing\.ts$/.test(path),
    imports,
  }
}

/** The line number (from 1) of character `index`. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** The text with comments blanked out, so that prose is not mistaken for code; line numbers stay. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!['"`:\\])\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '))
}

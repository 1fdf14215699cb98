#!/usr/bin/env node
// In a checkout the sources run as they are; a published package has them compiled.
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'

// Most of a start is compiling modules; the second start finds them compiled.
enableCompileCache()

const compiled = new URL('../dist/src/cli/main.js', import.meta.url)
await import(existsSync(compiled) ? compiled.href : new URL('../src/cli/main.ts', import.meta.url).href)

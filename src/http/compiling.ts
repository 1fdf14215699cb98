/**
 * Schemas become functions when they are first needed: a server with hundreds of routes that compiled them all before its
 * first answer would start later by a third of a second.
 */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastJsonStringify from 'fast-json-stringify'
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'

export const validatorCompiler: FastifySchemaCompiler<never> = (route) => {
  const validator = once(() => TypeBoxValidatorCompiler(route))
  return (value) => validator()(value)
}

/** Writes only what the schema of an answer names. */
export const serializerCompiler: FastifySerializerCompiler<object> = ({ schema }) => {
  const serializer = once(() => fastJsonStringify(schema))
  return (value) => serializer()(value)
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

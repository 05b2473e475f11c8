// Writes the schema as gql.tada's types. Its own command needs a TypeScript older
// than 7.
import { writeFileSync } from 'node:fs'

import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal'
import { buildSchema, introspectionFromSchema } from 'graphql'

const endpoint = process.env['BAROGRAPH_URL'] ?? 'http://127.0.0.1:8080/graphql'
const answer = await fetch(new URL('/schema.graphql', endpoint))
const introspection = minifyIntrospection(introspectionFromSchema(buildSchema(await answer.text())))
writeFileSync('src/generated/tada.d.ts', outputIntrospectionFile(introspection, { fileType: '.d.ts', shouldPreprocess: true }))

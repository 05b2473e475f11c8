import type { CodegenConfig } from '@graphql-codegen/cli'

const endpoint = process.env['BAROGRAPH_URL'] ?? 'http://127.0.0.1:8080/graphql'

const config: CodegenConfig = {
  schema: new URL('/schema.graphql', endpoint).href,
  documents: ['src/**/*.ts', '!src/generated/**', '!src/tada.test.ts'],
  generates: {
    './src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        scalars: { DateTime: 'string', Date: 'string', JSON: 'unknown', Scope: 'string' },
        enumType: 'string-literal',
        nonOptionalTypename: true, // Apollo Client asks for it everywhere,
        skipTypeNameForRoot: true, // but here
        useTypeImports: true,
        importExtension: '.js',
      },
    },
  },
}

export default config

import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema.graphqls',
  documents: ['src/**/*.ts', '!src/generated/**'],
  generates: {
    './src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string', // what is sent is text: no GraphQL library runs in the client
        strictScalars: true,
        scalars: { DateTime: 'string', Date: 'string', JSON: 'unknown', Scope: 'string' },
        enumType: 'string-literal',
        useTypeImports: true,
        importExtension: '.js',
      },
    },
  },
}

export default config

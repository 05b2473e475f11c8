// Checks a bill of materials against CycloneDX's own schema: node valid.js BILL
import { readFileSync } from 'node:fs'
import { Validation } from '@cyclonedx/cyclonedx-library'

const bill = readFileSync(process.argv[2], 'utf8')
const { specVersion } = JSON.parse(bill)
const faults = await new Validation.JsonStrictValidator(specVersion).validate(bill)
if (faults !== null) {
  console.error(JSON.stringify(faults, null, 2))
  process.exit(1)
}
console.log(`a valid bill of CycloneDX ${specVersion}`)

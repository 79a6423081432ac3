/** Writes `openapi/openapi.yaml` from the routes; with `--check` fails when the committed file differs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { renderDocument } from '../src/http/openapi.ts'
import { describeService } from './service.ts'

const file = new URL('openapi.yaml', import.meta.url)
const document = await describeService(async ({ documentation }) => renderDocument(await documentation()))

if (!process.argv.includes('--check')) {
  writeFileSync(file, document)
} else if (readFileSync(file, 'utf8') !== document) {
  process.stderr.write('openapi/openapi.yaml differs from the routes: run "npm run openapi" and commit it\n')
  process.exitCode = 1
}

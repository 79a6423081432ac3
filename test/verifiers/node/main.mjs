import { createInterface } from 'node:readline'
import { claimsOf } from './access-tokens.mjs'

for await (const token of createInterface({ input: process.stdin })) {
  console.log(
    await claimsOf(token).then(
      ({ sub }) => `accepted: ${sub}`,
      (error) => `refused: ${error.message}`,
    ),
  )
}

import { createInterface } from 'node:readline'
import * as recipe from './recipe.mjs'

const verify = recipe.claimsOf ?? ((assertion) => recipe.identityOf({ headers: { 'x-auth-assertion': assertion } }))
for await (const token of createInterface({ input: process.stdin })) {
  console.log(
    await verify(token).then(
      (claims) => (claims ? `200 ${claims.sub}` : 'nobody'),
      (error) => `${error.status ?? 401} ${error.message} ${JSON.stringify(error.headers)}`,
    ),
  )
}

import sys

import jwt
import recipe

verify = getattr(recipe, "claims_of", None) or (lambda assertion: recipe.identity_of({"X-Auth-Assertion": assertion}))
while line := sys.stdin.readline():
    try:
        claims = verify(line.strip())
        print("nobody" if claims is None else f"200 {claims['sub']}", flush=True)
    except jwt.PyJWTError as error:
        print("401", error, flush=True)
    except recipe.Unavailable as error:
        print("503", error, flush=True)

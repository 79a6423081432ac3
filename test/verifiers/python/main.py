import sys

import access_tokens
import jwt

for token in sys.stdin.read().split():
    try:
        print("accepted:", access_tokens.claims_of(token)["sub"])
    except jwt.PyJWTError as error:
        print("refused:", error)

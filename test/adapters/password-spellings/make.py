"""Prints hashes that Python programs make of the passwords, one JSON object a line, each with what made it.

Those of ASP.NET Identity are not made by what they are named for, which no package registry that is read by programs keeps. They
follow the published description, in this language and by other libraries than Gatehouse uses.
"""
import base64
import hashlib
import importlib.metadata
import json
import os

import argon2
import bcrypt
import django
from django.conf import settings
from firebase_scrypt import encrypt, generate_derived_key
from passlib import hash as passlib
from werkzeug.security import generate_password_hash

settings.configure()
django.setup()
from django.contrib.auth import hashers  # noqa: E402

PASSWORDS = ["correct horse battery staple", "Pässwörter: 한국어 🦉"]


def tell(spelling, maker, password, made):
    line = {"spelling": spelling, "maker": maker, "password": password, "hash": made}
    print(json.dumps(line, ensure_ascii=False))


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


def described(description):
    return f"make.py, {description}"


def firebase(password, rounds=8, memory=14):
    """The signer key, encrypted by AES-256-CTR under a key that scrypt derives, written as docs/accounts.md says."""
    salt, separator, signer = os.urandom(10), b"\x07", os.urandom(64)
    made = encrypt(signer, generate_derived_key(password, salt, separator, rounds, memory))
    sealed, salted, ss, sk = (base64.b64encode(part).decode() for part in (made, salt, separator, signer))
    return f"$fbscrypt$v=1,n={memory},r={rounds},p=1,ss={ss},sk={sk}${salted}${sealed}"


def identity_v2(password):
    """https://learn.microsoft.com/aspnet/identity: 0, salt of 16 bytes, key of 32 bytes; PBKDF2 with HMAC-SHA1, 1000 times."""
    salt = os.urandom(16)
    return base64.b64encode(
        b"\0" + salt + hashlib.pbkdf2_hmac("sha1", password.encode(), salt, 1000, 32)
    ).decode()


def identity_v3(password, prf, iterations):
    """1, then PRF, iterations and length of the salt (big-endian, four bytes each), salt and key."""
    salt = os.urandom(16)
    digest = ["sha1", "sha256", "sha512"][prf]
    header = b"\x01" + b"".join(n.to_bytes(4, "big") for n in (prf, iterations, len(salt)))
    return base64.b64encode(
        header + salt + hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations, 32)
    ).decode()


for password in PASSWORDS:
    for prefix in (b"2a", b"2b"):
        made = bcrypt.hashpw(password.encode(), bcrypt.gensalt(5, prefix=prefix)).decode()
        tell("bcrypt", version("bcrypt"), password, made)
    for kind in (argon2.Type.I, argon2.Type.ID):
        hasher = argon2.PasswordHasher(time_cost=3, memory_cost=1024, parallelism=2, type=kind)
        tell("argon2", version("argon2-cffi"), password, hasher.hash(password))
    for algorithm in ("pbkdf2_sha1", "pbkdf2_sha256", "argon2", "bcrypt", "bcrypt_sha256", "scrypt"):
        hasher = hashers.get_hasher(algorithm) if algorithm == "pbkdf2_sha256" else None
        hasher = hasher or getattr(hashers, {
            "pbkdf2_sha1": "PBKDF2SHA1PasswordHasher",
            "argon2": "Argon2PasswordHasher",
            "bcrypt": "BCryptPasswordHasher",
            "bcrypt_sha256": "BCryptSHA256PasswordHasher",
            "scrypt": "ScryptPasswordHasher",
        }[algorithm])()
        hasher.rounds = 5
        hasher.iterations = 2_000
        hasher.memory_cost = 1024
        hasher.work_factor = 1024
        made = hasher.encode(password, hasher.salt())
        tell("django-" + algorithm.replace("_", "-"), version("Django"), password, made)
    for method in ("scrypt:4096:8:1", "pbkdf2:sha256:2000", "pbkdf2:sha512:2000"):
        spelling = "werkzeug-" + method.split(":")[0]
        tell(spelling, version("Werkzeug"), password, generate_password_hash(password, method))
    for spelling, hasher in {
        "phpass": passlib.phpass.using(rounds=8),
        "passlib-pbkdf2": passlib.pbkdf2_sha1.using(rounds=2000),
        "passlib-pbkdf2 ": passlib.pbkdf2_sha256.using(rounds=2000),
        "passlib-pbkdf2  ": passlib.pbkdf2_sha512.using(rounds=2000),
        "passlib-scrypt": passlib.scrypt.using(rounds=10),
        "sha256-crypt": passlib.sha256_crypt.using(rounds=5000),
        "sha256-crypt ": passlib.sha256_crypt.using(rounds=1234),
        "sha512-crypt": passlib.sha512_crypt.using(rounds=5000),
        "sha512-crypt ": passlib.sha512_crypt.using(rounds=1235),
        "ldap-ssha": passlib.ldap_salted_sha1,
        "ldap-ssha256": passlib.ldap_salted_sha256,
        "ldap-ssha512": passlib.ldap_salted_sha512,
    }.items():
        tell(spelling.strip(), version("passlib"), password, hasher.hash(password))
    tell("aspnet-identity-v2", described("ASP.NET Identity"), password, identity_v2(password))
    for prf, iterations in ((0, 1000), (1, 10_000), (2, 10_000)):
        made = identity_v3(password, prf, iterations)
        tell("aspnet-identity-v3", described("ASP.NET Identity"), password, made)
    tell("firebase-scrypt", version("firebase-scrypt"), password, firebase(password))

# Lengths at which SHA-crypt fills its blocks differently.
for length in (1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128):
    password = ("0123456789abcdef" * 8)[:length]
    for spelling, hasher in (("sha256-crypt", passlib.sha256_crypt), ("sha512-crypt", passlib.sha512_crypt)):
        tell(spelling, version("passlib"), password, hasher.using(rounds=1000, salt_size=1 + length % 16).hash(password))

"""A small application around the settings of the recipe, which the test writes into recipe.py."""

import os

from recipe import *  # noqa: F403

SECRET_KEY = "of no use to anybody"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.abspath("db.sqlite3")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

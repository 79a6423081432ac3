"""Serves the application on a port of loopback, with a server that takes X_Y for X-Y as many do."""

import os
import sys
from wsgiref.simple_server import make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
call_command("migrate", verbosity=0)
make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()

"""The WSGI entry point."""

from web import Config, create_app

app = create_app(Config.from_environment())

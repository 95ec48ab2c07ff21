"""The ASGI application that run.sh serves behind the Lambda Web Adapter."""

from http_server import application
from web_adapter import BehindWebAdapter

app = BehindWebAdapter(application())

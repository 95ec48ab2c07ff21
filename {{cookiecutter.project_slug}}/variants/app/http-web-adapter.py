"""The ASGI application that run.sh serves behind the Lambda Web Adapter."""

import security
from methods import PostOnly
from server import build_server
from web_adapter import BehindWebAdapter

app = BehindWebAdapter(
    PostOnly(build_server().streamable_http_app(stateless_http=True, transport_security=security.SETTINGS))
)

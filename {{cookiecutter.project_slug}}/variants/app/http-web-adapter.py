"""The ASGI application that run.sh serves behind the Lambda Web Adapter."""

import artifact

with artifact.required():
    from http_server import application
    from web_adapter import BehindWebAdapter

app = BehindWebAdapter(application())

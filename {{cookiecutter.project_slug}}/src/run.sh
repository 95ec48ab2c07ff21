#!/bin/sh
# Started by the Lambda Web Adapter's wrapper in place of the Python runtime, whose boto3 is in LAMBDA_RUNTIME_DIR.
export PYTHONPATH="$LAMBDA_TASK_ROOT:/opt/python:$LAMBDA_RUNTIME_DIR"
# A frozen environment must not find its connection from the adapter closed when it thaws.
exec python3 -m uvicorn app:app --host 127.0.0.1 --port "${AWS_LWA_PORT:-8080}" --lifespan on --loop asyncio \
	--http h11 --ws none --no-access-log --no-server-header --log-level warning --timeout-keep-alive 86400

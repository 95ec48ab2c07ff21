"""`python -m local`: serve this project on this machine."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from local.build import BuildError
from local.changes import fingerprint, follow
from local.functions import to_stderr
from local.intrinsics import TemplateError
from local.listener import PortInUseError
from local.options import add as add_options
from local.parameters import ParameterError
from local.stack import LocalStack, Settings
from local.tour import tour


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description="Serve this project, without AWS or Docker.")
    parser.add_argument(
        "--port", type=int, default=3000, help="port of the front door (default: 3000; 0: any free one)"
    )
    parser.add_argument(
        "--identity-port", type=int, default=0, help="port of the identity provider, where there is one (default: 0)"
    )
    add_options(parser)
    parser.add_argument("--aws", choices=["local", "real"], default="local", help="real: your own account")
    parser.add_argument("--environments", type=int, default=4, help="most processes a function has (default: 4)")
    parser.add_argument(
        "--take-turns",
        action="store_true",
        help="serve consecutive calls by different environments, as Lambda may: shows what is kept in memory",
    )
    parser.add_argument("--watch", action=argparse.BooleanOptionalAction, default=True, help="reload on change")
    parser.add_argument("--json", action="store_true", help="print one JSON object when ready, all else on stderr")
    parser.add_argument("--tour", action="store_true", help="show what the server does, and exit")
    options = parser.parse_args()
    if options.environments < 1:
        parser.error("--environments must be at least 1")
    return options


async def _main(options: argparse.Namespace) -> int:
    main = asyncio.current_task()
    if main:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
    unseen: list[tuple[str, str]] = []
    settings = Settings(
        project=Path.cwd(),
        runtime=options.runtime,
        sam=options.sam,
        template=options.template,
        port=options.port,
        identity_port=options.identity_port,
        parameters=dict(options.parameter),
        aws=options.aws,
        environments=options.environments,
        take_turns=options.take_turns,
        # On a tour what the functions write would come between the lines; it is shown where something fails.
        log=(lambda name, line: unseen.append((name, line))) if options.tour else to_stderr,
    )
    # Taken before the build: what is saved while it lasts is a change too.
    before = fingerprint(settings.project)
    async with AsyncExitStack() as entered:
        local = await entered.enter_async_context(LocalStack(settings))
        if options.tour:
            status = await tour(*local.door.client(local.stack))
            for name, line in unseen if status else []:
                to_stderr(name, line)
            return status
        if options.json:
            described = {"outputs": dict(local.stack.outputs), "aws_endpoint_url": local.aws_endpoint_url}
            print(json.dumps(described | local.door.described(local.stack)), flush=True)
        else:
            print(local.door.told(local.stack, Path.cwd().name), flush=True)
        if options.watch and not options.template:
            await follow(settings.project, local.reload, before)
        await asyncio.Event().wait()
    return 0


def main() -> int:
    """Serve until interrupted; return the exit status."""
    options = _options()
    # Our own lines, as they are; libraries have handlers of their own ideas on the root logger.
    log = logging.getLogger("local")
    log.addHandler(logging.StreamHandler())
    log.setLevel(logging.WARNING if options.tour else logging.INFO)
    log.propagate = False
    # It warns of usage figures that it collects and nobody sends.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    try:
        return asyncio.run(_main(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except (BuildError, ParameterError, PortInUseError, TemplateError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

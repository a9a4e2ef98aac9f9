"""`serve`: HTTP scoring."""

import socket
from pathlib import Path

from rich.console import Console

from data.errors import InputError
from pipeline.quiet import quiet

SECONDS_TO_FINISH = 20
"""How long requests that are under way may take when the server is stopped."""


def serve_command(
    workdir: Path, abandonment: str | None, recommender: str | None, host: str, port: int, seconds: float
) -> None:
    """Serve until stopped.

    Raises:
        InputError: there is nothing to serve, or the address cannot be listened on.
    """
    with quiet():
        from pipeline.serving.sources import Source

    source = Source(workdir, abandonment, recommender)
    source.state()
    listening = _listen(host, port)
    with quiet():
        import uvicorn

        from pipeline.serving.app import make_app
        from pipeline.serving.reloading import Reloader
    failures: list[Exception] = []

    def failed(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    app = make_app(Reloader(source, seconds), failed)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=SECONDS_TO_FINISH)
    )
    at = f"http://{host}:{listening.getsockname()[1]}"
    console = Console(highlight=False, markup=False, soft_wrap=True)
    what = f"{abandonment} by itself" if source.alone else workdir
    console.print(f"Serving {what} at {at}; {at}/docs says what to send, {at}/ready when. Stop it with Ctrl-C.")
    server.run(sockets=[listening])
    if failures:
        raise failures[0]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Of a socket whose protocol is not named asyncio does not know that it is TCP, and leaves Nagle's delay on.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        raise InputError(
            f"`--host` and `--port` should be an address to listen on. Received: {host}:{port} ({error.strerror})"
        ) from None
    return listening

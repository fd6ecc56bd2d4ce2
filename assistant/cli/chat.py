"""The app from the terminal: it is started in the browser, and ended by Ctrl-C."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from assistant.cli.opened import CautionName, EmbedderName, Model, opened
from assistant.settings import DEFAULT_CAUTION, DEFAULT_MODEL


def chat(
    model: Model = DEFAULT_MODEL,
    embedder: EmbedderName = None,
    caution: CautionName = DEFAULT_CAUTION,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="The address to listen on. If others can reach it, the app asks for a password: the one in "
            "ASSISTANT_PASSWORD, or one made for this run.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="The app's port; 0 picks a free one.", min=0, max=65535)
    ] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the app in the browser.")] = False,
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The address of a proxy at which users open the app, such as https://chat.example.org. The app then "
            "asks for a password, too (docs/behind-a-proxy.md).",
        ),
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Ask for no password, whoever can reach the app.")
    ] = False,
) -> None:
    """Start the app in the browser; Ctrl-C ends it.

    While the model still downloads or loads, the app answers by quoting the article.
    """
    own = os.environ.pop("ASSISTANT_PASSWORD", None)  # no child needs it
    with opened(model, embedder, caution) as application:
        from assistant.app.password import password_for
        from assistant.app.public import parse_public
        from assistant.app.ui import free_port, serve
        from assistant.cli.weights_progress import rich_progress

        public = parse_public(public_url) if public_url else None
        asked = password_for(host, own=own, wanted=not no_password, shown=public is not None)
        application.check(model)
        free_port(host, port)  # before anything is loaded or downloaded
        with application.startup.in_background(rich_progress):
            serve(
                application,
                host=host,
                port=port,
                open_browser=open_browser,
                password=asked,
                unguarded=no_password,
                public=public,
            )

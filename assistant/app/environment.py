"""Look at what Gradio's clients read from the environment: a bad value is named before it stops the app."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from assistant.errors import UsageError

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_SCHEMES = ("http", "https", "socks5", "socks5h")
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def check_environment(environment: Mapping[str, str]) -> None:
    """Raise UsageError, naming the variable, for a proxy or a file of authorities that no client can use."""
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        value = environment.get(name, "")
        if value and not _is_proxy(value):
            raise UsageError(
                f"{name} is {value!r}; expected the address of a proxy, as http://host:port or socks5h://host:port. "
                "Correct it, or unset it."
            )
    for name in _AUTHORITIES:
        value = environment.get(name, "")
        if value and not Path(value).exists():
            raise UsageError(f"{name} names {value}, which does not exist. Correct it, or unset it.")


def _is_proxy(value: str) -> bool:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False

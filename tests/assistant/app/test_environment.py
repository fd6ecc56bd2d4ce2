"""What the environment says of proxies and authorities, before Gradio reads it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from assistant.app.environment import check_environment
from assistant.app.ui import _keep_to_ourselves
from assistant.errors import UsageError


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    ["", "http://proxy.example:3128", "proxy.example:3128", "socks5h://127.0.0.1:1080", "http://me:word@[::1]:8"],
)
def test_a_proxy_that_clients_can_use_is_taken(name: str, value: str) -> None:
    check_environment({name: value})


@pytest.mark.parametrize(
    "value", ["ftp://proxy.example", "http://", "socks4://127.0.0.1:1080", "http://host:port", ":::"]
)
def test_any_other_is_named_in_one_line(value: str) -> None:
    with pytest.raises(UsageError, match=r"ALL_PROXY is .*expected the address of a proxy") as caught:
        check_environment({"ALL_PROXY": value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_authorities_that_are_not_there_are_named(name: str, tmp_path: Path) -> None:
    check_environment({name: str(tmp_path)})
    with pytest.raises(UsageError, match=rf"{name} names .*, which does not exist"):
        check_environment({name: str(tmp_path / "none.pem")})


# What a shell may hold for other programs of the same libraries.
ODD = {
    "GRADIO_SERVER_NAME": "0.0.0.0",  # noqa: S104
    "GRADIO_SERVER_PORT": "abc",
    "GRADIO_SHARE": "true",
    "GRADIO_ROOT_PATH": "/elsewhere",
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_TEMP_DIR": "/proc/none",
    "GRADIO_SSR_MODE": "true",
    "GRADIO_MCP_SERVER": "true",
    "GRADIO_NUM_WORKERS": "abc",
    "GRADIO_WATCH_DIRS": "/",
    "GRADIO_LOCAL_DEV_MODE": "1",
    "GRADIO_DEFAULT_CONCURRENCY_LIMIT": "abc",
    "SPACE_ID": "owner/name",
    "SPACES_ZERO_GPU": "true",
    "WEB_CONCURRENCY": "abc",
    "FORWARDED_ALLOW_IPS": "*",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://evil.example",
}


@pytest.mark.parametrize("name", ODD)
def test_what_would_move_open_or_report_on_the_server_is_not_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for changed in ("no_proxy", "NO_PROXY", "GRADIO_ANALYTICS_ENABLED"):  # and put back
        monkeypatch.setenv(changed, "")
    monkeypatch.setenv(name, ODD[name])
    _keep_to_ourselves("127.0.0.1")
    assert name not in os.environ
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


@pytest.mark.slow
def test_under_all_of_it_the_app_opens_on_this_machine_alone_and_says_nothing_else(
    tmp_path: Path, models_folder: Path
) -> None:
    (tmp_path / "models").symlink_to(models_folder)
    odd = {
        **ODD,
        "SYSTEM": "spaces",
        "KAGGLE_KERNEL_RUN_TYPE": "Interactive",
        "HF_HOME": "/proc/none",
        "HF_HUB_OFFLINE": "maybe",
        "HF_ENDPOINT": "nonsense",
        "OMP_NUM_THREADS": "abc",
        "CUDA_VISIBLE_DEVICES": "abc",
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "xx_YY",
        "COLUMNS": "abc",
        "TERM": "dumb",
        "TMPDIR": "/none",
        "XDG_CACHE_HOME": "/proc/none",
        "CHROMA_SERVER_HOST": "evil.example",
        "MIGRATIONS": "none",
    }
    command = [sys.executable, "-m", "assistant", "chat", "-m", "extractive", "--port", "0"]
    environment = {**os.environ, **odd, "ASSISTANT_HOME": str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            opened = running.stdout.readline()
            address = urlsplit(opened.removeprefix("The app is open at ").split(" ")[0])
            assert (address.hostname, status(address.netloc, "/")) == ("127.0.0.1", 200), opened
            assert status(address.netloc, "/gradio_api/mcp/") == 404
            with pytest.raises(ConnectionRefusedError):  # as another machine would be
                socket.create_connection(("127.0.0.2", address.port), timeout=5)
        finally:
            running.kill()
        assert running.stderr.read() == ""


def status(address: str, path: str) -> int:
    connection = HTTPConnection(address, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()

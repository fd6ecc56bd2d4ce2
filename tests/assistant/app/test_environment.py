"""What the environment says of proxies and authorities, before Gradio reads it."""

from pathlib import Path

import pytest

from assistant.app.environment import check_environment
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
    with pytest.raises(UsageError, match=rf"{name} names .*, which is not there"):
        check_environment({name: str(tmp_path / "none.pem")})

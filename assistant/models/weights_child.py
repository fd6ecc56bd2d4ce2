"""Run pip or the hub client for a pull, in a process of its own, maybe another Python: it imports nothing of ours."""

from __future__ import annotations

import importlib.util
import runpy
import sys


def main(arguments: list[str]) -> None:
    """Run ``pip ARGUMENT…`` or ``hub REPO REVISION FOLDER FILE…``."""
    tool, *rest = arguments
    package = {"pip": "pip", "hub": "huggingface_hub"}[tool]
    if importlib.util.find_spec(package) is None:
        sys.exit(f"this Python has no {package}; add it with `{_installer(package)}`")
    if tool == "pip":
        sys.argv = ["pip", *rest]
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    else:
        repo, revision, folder, *files = rest
        _download_from_hub(repo, revision, folder, files)


def _installer(package: str) -> str:
    if package == "pip":
        return f"{sys.executable} -m ensurepip` or `uv pip install --python {sys.executable} pip"
    return f"{sys.executable} -m pip install {package}"


def _download_from_hub(repo: str, revision: str, folder: str, files: list[str]) -> None:
    # Imported here: half a second that the pip way need not pay.
    from huggingface_hub import constants, get_session, hf_hub_download

    # Asked once by hand: without a network the client's own retries would keep the user waiting for 24 seconds.
    get_session().head(constants.ENDPOINT, timeout=10)
    for file in files:
        # token=False: the files are public, so nothing needs to say who asks for them.
        hf_hub_download(repo, file, revision=revision, local_dir=folder, token=False)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What every command line does first: no library phones home, and output fits wherever it goes."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path

from assistant.text import guarded


def keep_quiet() -> None:
    """Turn telemetry, hub look-ups and tracing off for this process, and make its output streams safe to write to."""
    # Nothing leaves the machine: these are read when the libraries are imported.
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        ANONYMIZED_TELEMETRY="False",
        GRADIO_ANALYTICS_ENABLED="False",
        ORT_DISABLE_TELEMETRY="1",
        TOKENIZERS_PARALLELISM="false",
    )
    for tracing in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        os.environ.setdefault(tracing, "false")  # on only for those who set it
    if sys.warnoptions:  # PYTHONWARNINGS=error, say: it would end what libraries only warn of
        _warn_as_usual()
    logging.captureWarnings(capture=True)
    # A program may be started with its output closed, or with one that knows fewer characters than an article.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  it ends with the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    sys.stdout, sys.stderr = guarded(sys.stdout), guarded(sys.stderr)


def _warn_as_usual() -> None:
    """Forget what the environment says of warnings, for this process and its children."""
    os.environ.pop("PYTHONWARNINGS", None)
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)

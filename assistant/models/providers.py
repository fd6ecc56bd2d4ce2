"""Who serves models under ``name:``, and what it takes: a package, a key, an address of one's own."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """Who serves models for ``name:``, and what it takes."""

    name: str
    package: str
    """The pip package; its module is spelled the same with underscores."""
    keys: tuple[str, ...] = ()
    """Environment variables one of which must hold a key; none where a key is not the only way in."""
    extra: str = ""
    """The extra of this project that installs it."""
    takes_key: bool = True
    """Whether a key can be given to it; the others find their credentials by ways of their own."""

    def missing_package(self) -> str:
        """Return what to install before it can be used, or nothing."""
        if importlib.util.find_spec(self.package.replace("-", "_")) is not None:
            return ""
        extra = f", or install this project with the extra '{self.extra}'" if self.extra else ""
        return f"needs a package that is not installed: `pip install {self.package}`{extra}."


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider("openai", "langchain-openai", ("OPENAI_API_KEY",)),
        Provider("anthropic", "langchain-anthropic", ("ANTHROPIC_API_KEY",), extra="anthropic"),
        Provider("google_genai", "langchain-google-genai", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), extra="google"),
        Provider("ollama", "langchain-ollama", extra="ollama", takes_key=False),
        Provider("azure_openai", "langchain-openai"),
        Provider("bedrock_converse", "langchain-aws", takes_key=False),
        Provider("cohere", "langchain-cohere", ("COHERE_API_KEY",)),
        Provider("deepseek", "langchain-deepseek", ("DEEPSEEK_API_KEY",)),
        Provider("fireworks", "langchain-fireworks", ("FIREWORKS_API_KEY",)),
        Provider("google_vertexai", "langchain-google-vertexai", takes_key=False),
        Provider("groq", "langchain-groq", ("GROQ_API_KEY",)),
        Provider("litellm", "langchain-litellm"),
        Provider("mistralai", "langchain-mistralai", ("MISTRAL_API_KEY",)),
        Provider("nvidia", "langchain-nvidia-ai-endpoints"),
        Provider("openrouter", "langchain-openrouter", ("OPENROUTER_API_KEY",)),
        Provider("perplexity", "langchain-perplexity"),
        Provider("together", "langchain-together", ("TOGETHER_API_KEY",)),
        Provider("xai", "langchain-xai", ("XAI_API_KEY",)),
    )
}

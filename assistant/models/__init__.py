"""Finds models by name, fetches and verifies weights, runs servers, and passes words on as they are written.

`roster` knows every model, `writer` and `llm` run one, `pump` streams. `providers` and `configured` name hosted ones.
`catalogue` and `weights…` fetch weights, `local…` runs llama.cpp, and `embedders` loads embedders.
"""

"""The assistant and its index compose like anything of LangChain's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough

from assistant.answer.chain import Assistant
from assistant.runnable import ArticleEmbeddings, ArticleRetriever, AssistantRunnable
from assistant.settings import Settings
from index.build import Index
from index.reading.load import load_bytes
from index.vectors.cache import Cache
from index.vectors.embed import SentenceTransformerEmbedder

TEXT = "The bridge opened on 4 May 1931 and replaced a ferry.\n\nA toll has never been charged on the bridge.\n"


@pytest.fixture(scope="module")
def index(minilm: Path) -> Iterator[Index]:
    cache = Cache(None)
    whole = Index(embedder=SentenceTransformerEmbedder(minilm, name="minilm"), settings=Settings().index, cache=cache)
    whole.update([load_bytes(TEXT.encode(), name="bridge.txt")])
    yield whole
    whole.close()
    cache.close()


@pytest.fixture
def runnable(index: Index) -> AssistantRunnable:
    return AssistantRunnable(Assistant(index, model="extractive", write=None, settings=Settings()))


def test_the_answer_is_a_message_with_standard_citations(runnable: AssistantRunnable, index: Index) -> None:
    message = runnable.invoke("When did the bridge open?")
    (block,) = message.content_blocks
    assert block["type"] == "text"
    assert message.text == "The bridge opened on 4 May 1931 and replaced a ferry."
    (citation,) = block["annotations"]
    assert citation["type"] == "citation"
    assert message.text[citation["start_index"] : citation["end_index"]] == message.text
    place = citation["extras"]
    assert index.document(place["document"]).text[place["start"] : place["end"]] == citation["cited_text"]


def test_streamed_chunks_add_up_to_the_invoked_answer(runnable: AssistantRunnable) -> None:
    chunks = list(runnable.stream({"question": "When did the bridge open?", "articles": ["bridge"]}))
    assert "".join(str(chunk.text) for chunk in chunks) == runnable.invoke("When did the bridge open?").text
    assert chunks[-1].response_metadata["abstained"] is False


def test_an_abstention_says_so_in_its_metadata(runnable: AssistantRunnable) -> None:
    message = runnable.invoke("Which vitamins are in spinach?")
    assert (message.text, message.response_metadata["abstained"]) == ("The article does not say.", True)


def test_it_composes_in_ten_lines(runnable: AssistantRunnable, index: Index) -> None:
    chain = (
        PromptTemplate.from_template("When did the {thing} open?")
        | RunnableLambda(lambda prompt: prompt.text)
        | RunnableParallel(question=RunnablePassthrough(), found=ArticleRetriever(index=index, k=1), answer=runnable)
    )
    result = chain.invoke({"thing": "bridge"})
    assert result["answer"].text.startswith("The bridge opened")
    assert result["found"][0].metadata["document"] == "bridge"
    assert [r["answer"].text for r in chain.batch([{"thing": "bridge"}, {"thing": "bridge"}])] == [
        result["answer"].text
    ] * 2


def test_async_callers_get_the_same(runnable: AssistantRunnable) -> None:
    import asyncio

    assert (
        asyncio.run(runnable.ainvoke("When did the bridge open?")).text
        == runnable.invoke("When did the bridge open?").text
    )


def test_the_retriever_gives_chunks_at_their_place(index: Index) -> None:
    (found,) = ArticleRetriever(index=index, k=1).invoke("toll charged")
    place = found.metadata
    assert index.document("bridge").text[place["start"] : place["end"]] == found.page_content


def test_the_embedder_is_langchains_embeddings(index: Index) -> None:
    embeddings = ArticleEmbeddings(index.embedder)
    (vector,) = embeddings.embed_documents(["a bridge"])
    assert len(vector) == len(embeddings.embed_query("a bridge")) == 384

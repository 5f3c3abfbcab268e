"""The demo server answers what the OpenAI client asks, in the language of the text, and refuses the rest with a sentence."""

import json
import re
import threading
from http.server import ThreadingHTTPServer

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from flows.cli.demo.demo_server import DemoHandler

PASSAGE = (
    '<passage id="p1" page="12" title="Fevers › Measles">\n'
    "Measles begins with fever, cough and red eyes in most children. "
    "The rash spreads from the face down to the trunk within three days. "
    "White spots on the inner cheek stand there before the rash is seen. "
    "The fever falls on the fourth day after the rash has come out. "
    "Pneumonia follows in one of twenty children who fall ill.\n</passage>"
)


@pytest.fixture(scope="module")
def client():
    with ThreadingHTTPServer(("127.0.0.1", 0), DemoHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1"
        yield OpenAI(base_url=address, api_key="demo", max_retries=0)
        server.shutdown()


def ask_items(client, system: str, text: str) -> list[dict]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    return json.loads(answer.choices[0].message.content)["items"]


def test_its_items_quote_the_passage_and_name_its_page(client):
    items = ask_items(client, '"options"', PASSAGE + "\nwrite 3 items")
    assert len(items) == 3
    assert all(i["quote"] in PASSAGE and i["page"] == 12 and len(i["options"]) == 4 for i in items)
    assert all(i["options"][i["answer"] - 1] in i["quote"] for i in items)


def test_an_english_text_gets_no_persian_word(client):
    items = ask_items(client, "pairs", PASSAGE + "\nwrite 3 items")
    assert items and not re.search("[\u0620-\u06d3]", json.dumps(items, ensure_ascii=False))


def test_the_models_are_listed(client):
    assert [model.id for model in client.models.list()] == ["gpt-4o", "gpt-4o-mini"]


def test_what_is_no_completion_is_refused_with_a_sentence(client):
    with pytest.raises(BadRequestError, match="no chat completion"):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "none", "content": "x"}])
    with pytest.raises(NotFoundError, match="unknown address"):
        client.embeddings.create(model="gpt-4o", input="x")

"""Tokenizers as people have them: without begin, end or filler, in pieces of bytes or of words, smaller or larger than the model."""

import json

import pytest
from support.models import scoring_models
from support.models.architectures import generate_reply, make_model, score_alone
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tasks import prompts
from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.scorer import encoding
from tasks.evaluation.scorer.sequential_scorer import compute_log_likelihood
from tasks.models.loading import load_model
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import BasePlan, EvaluationPlan

PLAN = EvaluationPlan(modes=("generate", "digits", "cloze"), answer_tokens=4)


def bytes_in(**special) -> PreTrainedTokenizerFast:
    """The byte-level one with such special tokens only; a text begins with one if there is a begin."""
    tree = json.loads(scoring_models.make_tokenizer().backend_tokenizer.to_str())
    if "bos_token" not in special:
        tree["post_processor"] = None
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(tree)), **special)


def pieces() -> PreTrainedTokenizerFast:
    """As sentencepiece does it: ▁ for a blank, one put before the text, and unknown letters."""
    unigram = Tokenizer(models.Unigram())
    unigram.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    unigram.decoder = decoders.Metaspace(prepend_scheme="first")
    texts = [
        prompts.build_question_prompt(question) for question in scoring_models.make_questions(9)
    ]
    special = ["<unk>", "<s>", "</s>"]
    unigram.train_from_iterator(
        texts,
        trainers.UnigramTrainer(
            vocab_size=300, special_tokens=special, unk_token="<unk>", show_progress=False
        ),
    )
    unigram.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=unigram, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


BEGIN, END = "<|begin_of_text|>", "<|end_of_text|>"
TOKENIZERS = {
    "without a begin": lambda: bytes_in(eos_token=END),
    "with one token as begin, end and filler": lambda: bytes_in(
        bos_token=END, eos_token=END, pad_token=END
    ),
    "with a filler of its own": lambda: bytes_in(bos_token=BEGIN, eos_token=END, pad_token="ا"),
    "without an end": lambda: bytes_in(bos_token=BEGIN),
    "without any special token": lambda: bytes_in(),
    "in pieces of words": pieces,
}


@pytest.mark.parametrize("padded", [0, 60])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_every_tokenizer_gets_the_scores_and_words_of_single_passes(name, padded):
    words = TOKENIZERS[name]()
    loaded, questions = (
        make_model("Llama", words, vocab_size=len(words) + padded),
        scoring_models.make_questions(3),
    )
    rows = iter(answer_questions(loaded, questions, PLAN))
    for question in questions:
        said, digits, cloze = next(rows), next(rows), next(rows)
        assert said.said == generate_reply(loaded, prompts.build_question_prompt(question), 4)
        assert digits.scores == pytest.approx(
            score_alone(
                loaded, prompts.build_question_prompt(question), prompts.get_option_numerals("fa")
            ),
            abs=1e-4,
        )
        assert cloze.scores == pytest.approx(
            score_alone(loaded, prompts.build_cloze_prompt(question), question.options), abs=1e-4
        )


@pytest.mark.parametrize(
    "name", ["without any special token", "without a begin", "in pieces of words"]
)
def test_an_empty_context_leaves_something_to_score(name):
    (one,) = encoding.encode_continuations(TOKENIZERS[name](), "", ["تب و سردرد"])
    assert one.context and one.tokens


def test_a_tokenizer_with_more_tokens_than_the_model_has_rows_is_refused(tmp_path):
    loaded = make_model("Llama", vocab_size=len(scoring_models.make_tokenizer()) - 1)
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(
        PlanError,
        match=rf"its tokenizer has {len(scoring_models.make_tokenizer())} tokens, but the model has rows for .* only, not for '.+'; take the",
    ):
        load_model(resolve_base_model(BasePlan(model=str(tmp_path))), Machine(device="cpu"))


def test_a_filler_that_the_model_has_no_row_for_is_replaced_by_one_that_it_has(tmp_path):
    words = bytes_in(bos_token=BEGIN, eos_token=END, pad_token="<filler>")
    assert words.pad_token_id == len(scoring_models.make_tokenizer())
    make_model("Llama", words, vocab_size=words.pad_token_id).model.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    assert (
        load_model(
            resolve_base_model(BasePlan(model=str(tmp_path))), Machine(device="cpu")
        ).tokenizer.pad_token
        == END
    )


GUARDED = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}<model>"


def test_a_chat_template_that_refuses_system_messages_is_asked_as_a_person():
    chatty = bytes_in(bos_token=BEGIN, eos_token=END)
    chatty.chat_template = GUARDED
    loaded, question = make_model("Llama", chatty), scoring_models.make_questions(1)[0]
    [digits] = answer_questions(loaded, [question], EvaluationPlan(modes=("digits",)))
    assert encoding.format_chat_prompt(chatty, "تب") == "<user>تب<model>"
    whole = encoding.format_chat_prompt(chatty, prompts.build_question_prompt(question))
    shown = [
        encoding.encode_continuations(chatty, whole, [numeral])[0]
        for numeral in prompts.get_option_numerals("fa")
    ]
    assert digits.scores == pytest.approx(
        [compute_log_likelihood(loaded.model, one) for one in shown], abs=1e-4
    )


def test_a_chat_template_that_fails_says_how_to_go_on_without_it():
    chatty = bytes_in(bos_token=BEGIN, eos_token=END)
    chatty.chat_template = "{{ raise_exception('no user here') }}"
    with pytest.raises(PlanError, match=r"chat template .*no user here.* evaluation\.chat to off"):
        answer_questions(
            make_model("Llama", chatty),
            scoring_models.make_questions(1),
            EvaluationPlan(modes=("digits",)),
        )


LISTED = "{% for m in messages %}<|{{ m.role }}|>{% for c in m.content %}{% if c.type == 'text' %}{{ c.text }}{% endif %}{% endfor %}{% endfor %}<|assistant|>"


def test_a_chat_template_that_reads_messages_in_parts_is_given_parts():
    chatty = bytes_in(bos_token=BEGIN, eos_token=END)
    chatty.chat_template = LISTED
    assert encoding.format_chat_prompt(chatty, "Q1") == "<|user|>Q1<|assistant|>"


@pytest.mark.parametrize(
    "template", ["<|user|><|assistant|>", "{{ messages[0]['content'] + 1 }}", "{{ 1 / 0 }}"]
)
def test_a_chat_template_that_leaves_the_question_out_or_breaks_is_refused(template):
    chatty = bytes_in(bos_token=BEGIN, eos_token=END)
    chatty.chat_template = template
    with pytest.raises(PlanError, match=r"set evaluation\.chat to off"):
        encoding.format_chat_prompt(chatty, "Q1")

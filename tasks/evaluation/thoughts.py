"""Cut what a model thinks aloud before its answer, whatever marks its kind of model sets
around it.
"""

import re

_NAMES = r"(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad)"
# <think>…</think> of DeepSeek, Qwen; <thinking>, <thought>; [THINK]…[/THINK] of Magistral;
# ◁think▷…◁/think▷ of Kimi;
# <|begin_of_thought|>…<|end_of_thought|> of OpenThinker
_OPEN = rf"(?:[<\[◁]\s*{_NAMES}\s*[>\]▷]|<\|begin_of_(?:thought|thinking)\|>)"
_CLOSE = rf"(?:[<\[◁]\s*/\s*{_NAMES}\s*[>\]▷]|<\|end_of_(?:thought|thinking)\|>)"
_CLOSED = re.compile(
    rf".*{_CLOSE}", re.DOTALL | re.IGNORECASE
)  # its opening may stand in the prompt
_CUT_OFF = re.compile(rf"{_OPEN}.*", re.DOTALL | re.IGNORECASE)
# gpt-oss (harmony): channels, with their marks or, where a server left the marks out, as words run
# together
_FINAL = re.compile(
    r".*(?:<\|channel\|>\s*final\s*(?:<\|message\|>)?|assistant\s*final)", re.DOTALL
)
_ANALYSIS = re.compile(
    r"<\|channel\|>\s*(?:analysis|commentary).*|^\s*analysis(?=[A-Z\u0600-\u06ff]).*", re.DOTALL
)


def cut_thoughts(said: str) -> str:
    """What is left to be read as the answer; nothing where the thoughts were cut off before it."""
    said = _ANALYSIS.sub("", _FINAL.sub("", said))
    return _CUT_OFF.sub("", _CLOSED.sub("", said))

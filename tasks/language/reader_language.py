"""The language that a person reads the program in, which is not the book's: $BOOK2LORA_LANG, the
system's, or English.
"""

import os

from tasks.language.language_pack import list_languages
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message

SYSTEM_SETTINGS = ("LC_ALL", "LC_MESSAGES", "LANG")  # in the order in which POSIX asks them
VARIABLE = "BOOK2LORA_LANG"


def get_reader_language() -> str:
    """The code of the language. Raises PlanError where one is asked for that has no catalogue."""
    known = list_languages()
    if asked := os.environ.get(VARIABLE):
        if asked not in known:
            raise PlanError(
                build_message(
                    "no-such-language", variable=VARIABLE, asked=asked, known=tuple(known)
                )
            )
        return asked
    system = next((value for name in SYSTEM_SETTINGS if (value := os.environ.get(name))), "")
    code = system.split(".")[0].split("_")[0]
    return code if code in known else "en"

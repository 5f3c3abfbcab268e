"""YAML that nobody vouches for, read within bounds of length, depth, digits and values.

A plan of 343 bytes whose aliases name one another ten times each stands for 10^8 values: harmless
while they are shared, 722 MB in a message that quotes them.
"""

from typing import Any

import yaml

MOST_CHARACTERS = 2**18  # the longest plan, every choice with its sentence, has 10,400
MOST_VALUES = 20_000  # each alias counted as all that it stands for; that plan has some 250
MOST_DIGITS = 40  # of a whole number; a seed has 20, and Python tells none of more than 4,300
INT_TAG = "tag:yaml.org,2002:int"
CONSTRUCTION_ERRORS = (  # what PyYAML's constructors raise for `!!bool x`, `2024-99-99`, `!!int ""`
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class BoundedYamlError(yaml.YAMLError):
    """More than a plan can need, or a value that cannot be."""


def load_bounded_yaml(text: str) -> Any:
    """The value of one document. Raises yaml.YAMLError for every text that has none."""
    if len(text) > MOST_CHARACTERS:
        raise BoundedYamlError(f"it has more than {MOST_CHARACTERS} characters")
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _count_values(node, {})
        return loader.construct_document(node)
    except CONSTRUCTION_ERRORS as error:
        raise BoundedYamlError(f"{type(error).__name__}: {error}"[:200]) from None


def _count_values(node: yaml.Node, counted: dict[int, int | None]) -> int:
    """How many values a node stands for, each alias written out; counts each node once."""
    if id(node) in counted:
        if (known := counted[id(node)]) is None:
            raise BoundedYamlError("a value holds itself")
        return known
    counted[id(node)] = None
    if isinstance(node, yaml.ScalarNode):
        if node.tag == INT_TAG and len(node.value) > MOST_DIGITS:
            raise BoundedYamlError(f"a number of {len(node.value)} digits")
        children = []
    elif isinstance(node, yaml.MappingNode):
        children = [part for pair in node.value for part in pair]
    else:
        children = node.value
    total = 1
    for child in children:
        total += _count_values(child, counted)
        if total > MOST_VALUES:
            raise BoundedYamlError(f"it stands for more than {MOST_VALUES} values")
    counted[id(node)] = total
    return total

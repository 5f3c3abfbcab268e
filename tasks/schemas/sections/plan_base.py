"""What every section of a plan is, and what a model costs."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator


class PlanSection(BaseModel):
    """A frozen group of choices; an unknown key is a mistake, not a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def read_yaml_off(cls, tree: Any) -> Any:
        """YAML reads the word `off` as False."""
        if not isinstance(tree, dict):
            return tree
        fields = cls.model_fields
        return {
            key: "off"
            if value is False and key in fields and "off" in get_args(fields[key].annotation)
            else value
            for key, value in tree.items()
        }


class Prices(PlanSection):
    """US dollars for a million tokens, and when they were true."""

    input: float = Field(default=2.50, ge=0, description="what the server reads")
    cached_input: float = Field(default=1.25, ge=0, description="what it has read just before")
    output: float = Field(default=10.00, ge=0, description="what it writes, its thoughts too")
    as_of: str = Field(default="2026-11", description="when these prices were looked up")
    batch_discount: float = Field(
        default=0.5, ge=0, description="what a batch request costs, as a share of a live one"
    )

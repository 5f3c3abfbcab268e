"""The second reader's section of a plan."""

from pydantic import Field

from tasks.schemas.sections.plan_base import PlanSection, Prices

# A smaller model of the writer's maker, and OpenAI's list prices of it.
SMALLER_MODELS = {"gpt-4o": "gpt-4o-mini"}
LIST_PRICES = {"gpt-4o-mini": Prices(input=0.15, cached_input=0.075, output=0.60)}


class ReaderPlan(PlanSection):
    """Who reads the written items for their meaning, without their keys."""

    model: str = Field(
        default="auto",
        min_length=1,
        description=(
            "the reader's model at the server; auto: a smaller one than the writer where we know"
            " one (gpt-4o-mini beside gpt-4o), else the writer itself; off: nobody reads for"
            " meaning; none is asked where rules write"
        ),
    )
    prices: Prices | None = Field(
        default=None, description="of the reader's model; none: gpt-4o-mini's, else the writer's"
    )
    per_request: int = Field(default=10, ge=1, le=40, description="items read in one request")
    twice_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="share of the requests that are asked twice, to know how steady the reader is",
    )
    temperature: float = Field(default=0.0, description="of the reader's sampling")

    @property
    def is_on(self) -> bool:
        """Whether somebody reads; "auto" is nobody before the writer is known."""
        return self.model not in ("off", "auto")

    def resolve_model(self, writer: str, prices: Prices) -> "ReaderPlan":
        """Who reads beside this writer, by name and with prices; off where rules write."""
        if not writer or self.model == "off":
            return ReaderPlan(model="off")
        model = self.model
        if model == "auto":
            model = SMALLER_MODELS.get(writer, writer)
        prices = self.prices or LIST_PRICES.get(model, prices)
        return self.model_copy(update={"model": model, "prices": prices})

"""What to do: every choice that changes the result. How fast to do it is machine.py.

A plan is in every cache key; a machine never is. The defaults are the laptop study: our handbook,
rules, the tiny Llama.
"""

from typing import ClassVar

from pydantic import Field, model_validator

from tasks.schemas.errors import PlanFault
from tasks.schemas.item_rows import AnswerMode
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import (
    NAME_PATTERN,
    BasePlan,
    ComparisonPlan,
    EvaluationPlan,
    FinetuningPlan,
    GenerationPlan,
    PlanSection,
    ReaderPlan,
    ReadingPlan,
    ValidationPlan,
    check_name,
)
from tasks.schemas.result_rows import Choice
from tasks.schemas.sections.profiles import MEDICINE, Profile, tag_language


class DraftingPlan(PlanSection):
    """What a chapter's drafts and their checks depend on."""

    name: str  # a study's money is kept under its name; none where nothing is paid
    language: str
    generation: GenerationPlan
    validation: ValidationPlan

    @property
    def wording(self) -> str:
        """As `StudyPlan.wording`."""
        return tag_language(self.language, self.generation.profile)


class CheckingPlan(PlanSection):
    """What the checks over the whole book depend on."""

    language: str
    pairs: int | str
    questions: int | str
    columns: dict[str, str | tuple[str, ...]] | None
    validation: ValidationPlan
    profile: Profile = MEDICINE

    @property
    def wording(self) -> str:
        """As `StudyPlan.wording`."""
        return tag_language(self.language, self.profile)

    @property
    def excluded_from_key(self) -> frozenset[str]:
        """Sets from before there were profiles stay found."""
        return frozenset({"profile"}) if self.profile == MEDICINE else frozenset()


class Lineage(PlanSection):
    """From whose answers a plan was made; next-plan.yaml and best-plan.yaml have it, a plan made
    beforehand has none.
    """

    predecessor: str = Field(
        default="",
        pattern=f"^$|{NAME_PATTERN}",
        description="study or sweep whose answers had been seen",
    )
    looks: int = Field(
        default=0,
        ge=0,
        description="how often its questions had been answered for a decision by then",
    )
    chosen_after: tuple[Choice, ...] = Field(
        default=(),
        description=(
            "what was chosen then; on questions answered before, the verdict is exploratory"
        ),
    )
    seen: tuple[str, ...] = Field(
        default=(), description="digests of the question sets whose answers had been seen"
    )

    @model_validator(mode="after")
    def is_whole(self) -> "Lineage":
        """Choices come from somebody's answers."""
        if (self.chosen_after or self.looks or self.seen) and not self.predecessor:
            raise PlanFault(build_message("lineage-without-predecessor"))
        return self


class StudyPlan(PlanSection):
    """The whole study. Its defaults are plans/laptop.yaml."""

    excluded_from_key: ClassVar[frozenset[str]] = frozenset(
        {"lineage"}
    )  # changes what a verdict is worth, and no stage's work

    name: str = Field(default="laptop", pattern=NAME_PATTERN, description="names the study folder")
    language: str = Field(
        default="fa", description="language of the book and the items: fa and en are built in"
    )
    book: str = Field(default="books/handbook.pdf", description="path of the PDF")
    reading: ReadingPlan = ReadingPlan()
    generation: GenerationPlan = GenerationPlan()
    validation: ValidationPlan = ValidationPlan()
    base: BasePlan = BasePlan()
    finetuning: FinetuningPlan = FinetuningPlan()
    evaluation: EvaluationPlan = EvaluationPlan()
    comparison: ComparisonPlan = ComparisonPlan()
    lineage: Lineage = Lineage()

    @property
    def wording(self) -> str:
        """The tag of the words that training texts, exam and report are made with."""
        return tag_language(self.language, self.generation.profile)

    def select_drafting_plan(self) -> DraftingPlan:
        """What drafts depend on, so that a change of tuning asks for no new drafts."""
        return DraftingPlan(
            name=self.name if self.generation.writer == "gpt" else "",
            language=self.language,
            generation=self.generation.model_copy(update={"columns": None}),
            validation=self.validation.model_copy(update={"reader": self.resolve_reader()}),
        )

    def select_checking_plan(self) -> CheckingPlan:
        """What the checks over the book depend on: not on prices, budgets or ways to ask."""
        names = ("pairs", "questions", "columns", "profile")
        own = {name: getattr(self.generation, name) for name in names}
        validation = self.validation.model_copy(update={"reader": ReaderPlan(model="off")})
        return CheckingPlan(language=self.language, validation=validation, **own)

    def resolve_reader(self) -> ReaderPlan:
        """Who reads this study's items for their meaning, with prices; off where nobody does."""
        writer = self.generation.model if self.generation.writer == "gpt" else ""
        return self.validation.reader.resolve_model(writer, self.generation.prices)

    def select_answering_plan(self, only: AnswerMode | None = None) -> EvaluationPlan:
        """The exam as far as answers depend on it: not on whether the questions are screened, too;
        `only`: in one mode.
        """
        modes = (only,) if only else self.evaluation.modes
        return self.evaluation.model_copy(
            update={"screening": EvaluationPlan().screening, "modes": modes}
        )

    def select_screening_plan(self) -> EvaluationPlan:
        """The exam as far as screening depends on it: how it is put; mode and rotations are the
        screening's own.
        """
        kept = ("instruction", "chat", "template_options")
        return EvaluationPlan(**{name: getattr(self.evaluation, name) for name in kept})

    def copy_with_name(self, name: str | None) -> "StudyPlan":
        """The same plan under a name of its own, where one is given. Raises PlanError for a name
        that is a path.
        """
        check_name(name or self.name)
        return self.model_copy(update={"name": name}) if name else self

    @model_validator(mode="after")
    def require_primary_mode(self) -> "StudyPlan":
        """The primary endpoint must be among what is scored."""
        if self.comparison.primary_mode not in self.evaluation.modes:
            mode, modes = self.comparison.primary_mode, self.evaluation.modes
            raise PlanFault(build_message("primary-mode-not-scored", mode=mode, modes=modes))
        if self.comparison.secondary != "none" and set(self.evaluation.modes) == {"generate"}:
            raise PlanFault(build_message("second-endpoint-without-scores"))
        if self.comparison.confirms and not self.validation.sealed_share:
            raise PlanFault(build_message("nothing-sealed"))
        return self

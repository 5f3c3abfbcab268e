"""Draw simple pictures as inline SVG: text stays text, so that the browser shapes it; colours come
from the page's style.
"""

from collections.abc import Sequence

from markupsafe import Markup

from tasks.reporting.sanitize import mark_control_characters

Point = tuple[float, float]


class Canvas:
    """A picture of fixed width that the page scales; x runs to the right in every language."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[Markup] = []

    def draw_line(self, a: Point, b: Point, style: str) -> None:
        self._add_element(
            '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>', *a, *b, style
        )

    def draw_path(self, points: Sequence[Point], style: str) -> None:
        """A line through all points."""
        if points:
            self._add_element(
                '<path d="M{}" class="{}"/>', "L".join(f"{x:.1f} {y:.1f}" for x, y in points), style
            )

    def draw_box(self, corner: Point, width: float, height: float, style: str) -> None:
        self._add_element(
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2" class="{}"/>',
            *corner,
            max(0.0, width),
            height,
            style,
        )

    def draw_dot(self, place: Point, style: str, radius: float = 4.5) -> None:
        self._add_element(
            '<circle cx="{:.1f}" cy="{:.1f}" r="{}" class="{}"/>', *place, radius, style
        )

    def draw_text(self, place: Point, words: str, style: str = "", anchor: str = "start") -> None:
        self._add_element(
            '<text x="{:.1f}" y="{:.1f}" class="{}" text-anchor="{}">{}</text>',
            *place,
            style,
            anchor,
            mark_control_characters(words),
        )

    def render_svg(self, name: str, title: str, description: str) -> Markup:
        """The whole, with what a reader who cannot see it is told."""
        return Markup(
            '<svg viewBox="0 0 {w:g} {h:g}" role="img" aria-labelledby="{n}-title {n}-desc"'
            ' direction="ltr"><title id="{n}-title">{t}</title><desc'
            ' id="{n}-desc">{d}</desc>{body}</svg>'
        ).format(
            w=self.width,
            h=self.height,
            n=name,
            t=mark_control_characters(title),
            d=mark_control_characters(description),
            body=Markup("").join(self._parts),
        )

    def _add_element(self, form: str, *values: object) -> None:
        self._parts.append(Markup(form).format(*values))


class Axis:
    """From values to places along one direction of a picture."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high if high > low else low + 1, start, end

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def choose_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round values from low to high, about as many as wanted: steps of 1, 2 or 5 times a power of
    ten.
    """
    rough = max((high - low) / wanted, 1e-12)
    power = 10.0 ** int(f"{rough:e}".partition("e")[2])
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = -(-low // step), (high + step * 1e-6) // step
    return [round(number * step, 12) for number in range(int(first), int(last) + 1)]

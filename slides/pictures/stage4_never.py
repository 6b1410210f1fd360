"""A wait for an end that does not come, with its two bounds."""

from workshop.pictures.base import BOLD, INK, MIDDLE, PALE, PALE_RED, RED, box, slide, word

# In pixels: where the wait begins, where the grace and the limit are over, a bar's height.
ASK, GRACE, LIMIT, BAR = 70, 620, 1060, 64

parts = [
    box(ASK, 60, GRACE - ASK, BAR, PALE, f'stroke="{INK}"'),
    box(GRACE, 60, LIMIT - GRACE, BAR, PALE_RED, f'stroke="{INK}"'),
    word((ASK + GRACE) / 2, 101, "the grace", f"{MIDDLE} {BOLD}"),
    word((GRACE + LIMIT) / 2, 101, "up to the limit", f"{MIDDLE} {BOLD}"),
]
for x, above, below in (
    (ASK, "ask", "loseConnection"),
    (GRACE, "abort", "abortConnection"),
    (LIMIT, "give up", "report what is open"),
):
    ink = RED if x == LIMIT else INK
    parts.append(f'<path d="M{x} 44v96" stroke="{ink}" stroke-width="6"/>')
    parts.append(word(x, 32, above, f'{MIDDLE} {BOLD} fill="{ink}"'))
    place = 'text-anchor="start"' if x == ASK else MIDDLE
    parts.append(word(0 if x == ASK else x, 172, below, place))
print(slide(184, "A wait with two bounds", parts), end="")

"""`infra/SCALE.md`, as it is printed."""

from collections.abc import Iterable, Iterator

from edge.backoff import CAP_S
from infra.scale import prices, sizing
from infra.scale.sizing import Scale
from infra.scale.storm import (
    CONNECTS_PER_S,
    GIVE_UP_S,
    Storm,
    in_step,
    jittered,
    jittered_up_to,
    longest_wait_s,
    reconnect,
)

STEPS = (1_000, 100_000, 1_000_000, 10_000_000)
STORMS = (1_000, 10_000, 100_000, 1_000_000)
CAPPED_STORMS = (100_000, 1_000_000)
CAPS_S = (10, 30, 60, 120, 300, 600)
SEED = 1
SHARD_TAKES_PER_S = 150
"""Of messages of 5 KB, in base64: the shard's megabyte gives before its thousand records."""


def report() -> str:
    """The whole text, Markdown."""
    return (
        "\n".join(
            [
                *_intro(),
                *_sizes(),
                *_costs(),
                *_stream(),
                *_storms(),
                *_longest_waits(),
                *_hot_shard(),
                *_prices(),
            ]
        )
        + "\n"
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    columns = list(head)
    yield _row(columns)
    yield "|" + "---|" * len(columns)
    yield from (_row(row) for row in rows)
    yield ""


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _intro() -> Iterator[str]:
    yield f"""# From a thousand homes to ten million, on AWS

Printed by `python -m infra.scale`; a test compares. **On paper**: computed from limits, list prices and
assumptions, none of it measured on AWS. What is assumed stands in `infra/scale/sizing.py`: one gateway
a home, {sizing.CONDITIONERS_PER_HOME} air conditioners, a reading a minute,
{sizing.READINGS_PER_MESSAGE} in a message of {sizing.MESSAGE_BYTES} bytes by Basic Ingest,
a decision each {sizing.DECISION_INTERVAL_S // 60} minutes that takes {sizing.DECISION_MS:g} ms of a core
(assumed; `ac-advisor bench advise` measures it).
"""


def _sizes() -> Iterator[str]:
    yield "## What gives first"
    yield "How much of a limit is asked for; beyond 100 % it has to change."
    yield ""
    yield from _table(
        ("homes", "messages/s", "shards", "advisor cores", "nearest limits", "what changes"),
        (
            (f"{homes:,}", f"{scale.messages_per_s:,.1f}", scale.shards, f"{scale.advisor_cores:,.2f}",
             "; ".join(f"{each.part}: {each.used:.1%}" for each in scale.limits()[:3]),
             "; ".join(each.change for each in scale.limits() if each.used > 1) or "nothing")
            for homes, scale in ((homes, Scale(homes)) for homes in STEPS)
        ),
    )  # fmt: skip


def _costs() -> Iterator[str]:
    parts = list(Scale(1).usd())
    yield "## What a month costs [USD]"
    yield "Without logs, traffic out, the API's share beyond two small tasks, and support."
    yield ""
    rows = []
    for homes in STEPS:
        usd = Scale(homes).usd()
        total = sum(usd.values())
        rows.append(
            (f"{homes:,}", *(f"{usd[part]:,.0f}" for part in parts), f"{total:,.0f}", f"{total / homes:.4f}")
        )
    yield from _table(("homes", *parts, "total", "a home"), rows)


def _stream() -> Iterator[str]:
    yield "## The stream: by shards, or on demand"
    yield "The template orders shards (its parameter `Shards`), the cheaper at every step of an even load."
    yield "What is too much for them is not lost, since the rule puts it into a queue for the same function,"
    yield "and the alarm `StreamFull` asks for more. On demand needs no sizing; a month costs [USD]:"
    yield ""
    yield from _table(
        ("homes", "shards", "by shards", "on demand", "ratio"),
        (
            (f"{homes:,}", scale.shards, f"{scale.by_shards_usd():,.0f}", f"{scale.on_demand_usd():,.0f}",
             f"{scale.on_demand_usd() / scale.by_shards_usd():.1f}")
            for homes, scale in ((homes, Scale(homes)) for homes in STEPS)
        ),
    )  # fmt: skip


def _storms() -> Iterator[str]:
    yield "## A region comes back"
    yield f"All connections drop at once, and {CONNECTS_PER_S} a second are let in. Waits are those of"
    yield "`edge/backoff.py`, with full jitter, and the same without. *Later*: after the first minute."
    yield "Jitter brings homes back as fast as they are let in."
    yield ""
    yield from _table(
        ("homes", "at best [s]", "all back [s]", "busiest second later", "attempts a home",
         "without jitter: all back [s]", "busiest second later", "attempts a home"),
        (
            (f"{homes:,}", f"{homes / CONNECTS_PER_S:,.0f}", *_storm(reconnect(homes, jittered, SEED)),
             *_storm(reconnect(homes, in_step, SEED)))
            for homes in STORMS
        ),
    )  # fmt: skip


def _longest_waits() -> Iterator[str]:
    yield f"The longest wait that gateways know is {CAP_S:g} s. A shorter one has a great fleet ask far more"
    yield "often than it is let in; a longer one saves little and brings homes back later. Waits grow with"
    yield "the outage, so that none is long after a short one."
    yield ""
    yield from _table(
        ("longest wait [s]", *(f"{homes:,} homes: {what}" for homes in CAPPED_STORMS
                               for what in ("all back [s]", "busiest second later", "attempts a home"))),
        (
            (f"{cap_s:g}", *(cell for homes in CAPPED_STORMS
                             for cell in _storm(reconnect(homes, jittered_up_to(cap_s), SEED))))
            for cap_s in CAPS_S
        ),
    )  # fmt: skip


def _storm(storm: Storm) -> tuple[str, str, str]:
    back = f"{storm.over_s:,}" if storm.over_s < GIVE_UP_S else f"not in {GIVE_UP_S:,}"
    return back, f"{storm.busiest_per_s:,}", f"{storm.attempts:,.1f}"


def _hot_shard() -> Iterator[str]:
    yield "## A hot shard"
    yield f"A shard takes {SHARD_TAKES_PER_S} messages of 5 KB a second (1 MB/s, base64) and is half full."
    yield "One key sends a spool for ten minutes beside; the newest message then waits so long at worst."
    yield "Spread over four shards, each gets a quarter of it: the lake needs no order of readings."
    yield ""
    half = SHARD_TAKES_PER_S / 2
    yield from _table(
        ("spool [messages/s]", "on one shard [s]", "over four [s]"),
        (
            (
                burst,
                *(
                    f"{longest_wait_s(half, burst / over, 600, SHARD_TAKES_PER_S, SEED):,.1f}"
                    for over in (1, 4)
                ),
            )
            for burst in (50, 100, 200, 400)
        ),
    )


def _prices() -> Iterator[str]:
    yield f"## Prices of {prices.DATE}"
    yield "Of us-east-1, first tiers, without free ones. AWS's own page was seen for those marked *AWS*;"
    yield "others were only seen as third parties quote them; what is marked *unverified* is from memory."
    yield "Whoever decides by it looks at AWS's page first."
    yield ""
    yield from _table(
        ("USD", "for a", "source", "seen"),
        ((f"{each.usd:.10f}".rstrip("0").rstrip("."), each.unit, each.source, each.seen)
         for each in prices.ALL),
    )  # fmt: skip

"""The last sections: how the study was made, how to derive the report again and to cite it, and what words mean."""

from __future__ import annotations

from analysis.report.material import Material
from analysis.report.parts import Block, Code, Heading, Listed, Section, Terms, Words

WORDS = (
    ("Activation", "How energetic a voice sounds, from calm to excited."),
    ("Valence", "How pleasant it sounds, from unpleasant to pleasant."),
    ("Pair", "An original clip and its noisy twin: what one judgment is about."),
    ("Condition", "A way to change speech, in one setting: a sound at a level, a speed, a fade."),
    ("SNR", "The ratio of speech to noise in dB; higher is cleaner."),
    ("Came out changed", "What the vote rule makes of a pair's votes."),
    (
        "Truly changed",
        "What is left when the listeners' false alarms and misses, as controls show them, are taken away.",
    ),
    ("q0, q1", "The chance that an identical pair, and that a pair with a real change, comes out changed."),
    ("τ (tau)", "The largest share of truly changed pairs that is still called safe."),
    ("Interval", "The values that go with what was counted, at a stated confidence."),
    ("Alpha", "Krippendorff's: 1 is perfect agreement, 0 is what chance gives."),
)


def making_section(material: Material) -> Section | None:
    """None where nothing is known of it."""
    facts = material.facts
    blocks: list[Block] = [Listed(facts.design)] if facts.design else []
    if facts.pay:
        blocks += [Heading("Pay"), Terms(tuple(facts.pay.items()))]
    return Section("design", "How the study was made", tuple(blocks)) if blocks else None


def cite_section(material: Material, command: str) -> Section:
    """What to type, and what to write."""
    whitelist = material.whitelist
    digest = whitelist.judgments_sha256 or ""
    kind = " of simulated listeners" if material.simulated else ""
    of_judgments = f", judgments {digest[:12]}" if digest else ""
    blocks = (
        Words(f"All of this follows from one file of judgments. With it and earwitness {whitelist.earwitness}:"),
        Code(command),
        Terms(
            (
                ("Judgments", f"SHA-256 {digest or 'unknown'}"),
                ("Manifest", f"SHA-256 {whitelist.manifest_sha256}" if whitelist.manifest_sha256 else "none at hand"),
                ("Seal of the whitelist", f"SHA-256 {whitelist.seal or whitelist.sealed().seal}"),
                ("Seed", str(whitelist.seed)),
                (
                    "Rule",
                    f"τ = {whitelist.rule.tau:g}, error {whitelist.rule.error:g}, design {whitelist.rule.design}; "
                    f"labels by {whitelist.aggregator}",
                ),
                (
                    "Cite as",
                    f"{material.facts.name}: perception-safe whitelist{kind}, earwitness {whitelist.earwitness}, "
                    f"{whitelist.created_at:%Y-%m-%d}{of_judgments}.",
                ),
            )
        ),
    )
    return Section("cite", "Derive it again, and cite it", blocks)


def words_section() -> Section:
    """The glossary."""
    return Section("words", "Words", (Terms(WORDS),))

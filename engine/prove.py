"""Proves a whole rule: every property with its verdict, every finding with the case that shows it.

START HERE for proofs. Nothing passes quietly: what a search could not settle within its bound is “not proved” and says
so. The same rule, bytes and meaning always give the same proof.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from engine.asked import ASKED, Ask, Asked, Opinion
from engine.courses import Courses
from engine.decide import decide
from engine.decision import Decision
from engine.fact import Fact
from engine.proof import PROPERTIES, Proof, Property, Shown, Verdict
from engine.prove_amounts import Amounts
from engine.prove_order import Orders
from engine.prove_quoted import quoted_range, verdict_on
from engine.prove_rows import Rows
from engine.prove_steps import Steps
from engine.region import TooWide
from engine.rule import Acknowledged, Rule
from engine.rulebook import Rulebook
from engine.witness import Witness, Witnesses, domain_values


def prove(rulebook: Rulebook, rule: Rule, second: Ask | None = None) -> Proof:
    """Judge every property of one version of a rule; `second` is asked where the search is too wide."""
    return _Prover(rulebook, rule, second).proof()


@dataclass(slots=True)
class _Prover:
    rulebook: Rulebook
    rule: Rule
    second: Ask | None = None
    opinion: Opinion | None = None
    by_second: set[Property] = field(default_factory=set)

    def proof(self) -> Proof:
        rule = self.rule
        verdicts: dict[Property, Verdict] = dict.fromkeys(PROPERTIES, "not_asked")
        found: list[Shown] = []
        rows = Rows(self.rulebook, rule)
        if not any(each.kind == "no_benchmark" and not each.tier for each in rule.defects):
            for prop, findings, unsure in self.judged(rows):
                verdicts[prop] = verdict(findings, unsure)
                found += findings
                if unsure and not any(each.verdict == "not_proved" for each in findings):
                    found.append(self.left_open(prop))
        quoted = list(quoted_range(rule))
        verdicts["quoted_range"] = verdict_on(rule, quoted)
        versions = list(self.versions())
        verdicts["versions"] = verdict(versions, False)
        found = [self.acknowledged(each) for each in (*found, *quoted, *versions)]
        return Proof(
            rule=rule,
            verdicts=verdicts,
            findings=tuple(found),
            defects=tuple(rows.marked()),
            by_second=frozenset(self.by_second),
        )

    def judged(self, rows: Rows) -> Iterator[tuple[Property, list[Shown], bool]]:
        """Judge each property that conditions and amounts decide: its findings, and whether something stayed open."""
        rule = self.rule
        courses = Courses(rows)
        amounts, orders, steps = Amounts(rows), Orders(courses), Steps(courses)
        searches: list[tuple[Property, Callable[[], Iterable[Shown]]]] = [
            ("complete", rows.complete),
            ("unambiguous", rows.unambiguous),
            ("reachable", rows.reachable),
            ("defined", rows.defined),
            ("inside_statute", amounts.inside_statute),
            ("limits", amounts.limits),
            ("overflow", amounts.overflow),
        ]
        if any(amounts.shares()):
            searches.append(("points", amounts.points))
        if courses.directed():
            searches.append(("never_lighter", orders.never_lighter))
        if any(fact.kind == "yes_no" and fact.direction == "lighter" for fact in courses.directed()):
            searches.append(("mitigation_counts", steps.mitigation))
        if rule.cliff_fen is not None:
            searches.append(("cliffs", steps.cliffs))
        if any(fact.personal for fact in rule.facts):
            searches.append(("impartial", lambda: self.impartial(rows)))
        for prop, search in searches:
            try:
                findings = list(search())
            except TooWide:
                if self.second is not None and prop in ASKED:
                    self.opinion = self.opinion or self.second(rule)
                    self.by_second.add(prop)
                    yield prop, list(Asked(rows, self.opinion).findings(prop)), False
                else:
                    yield prop, [self.too_wide(prop)], True
                continue
            yield prop, findings, prop in rows.unsure

    def left_open(self, prop: Property) -> Shown:
        """Say that a search found no further case and yet cannot speak for all of them."""
        zh = f"“{PROPERTIES[prop][0]}”：没有找到别的反例，但没有查遍所有案件，不能断言成立"
        en = f"{PROPERTIES[prop][1]}: no further case was found, but the search does not speak for every case"
        return Shown(property=prop, verdict="not_proved", place=self.rule.top, zh=zh, en=en)

    def too_wide(self, prop: Property) -> Shown:
        zh = f"“{PROPERTIES[prop][0]}”：这条规则的情形组合太多，没有算完"
        en = f"{PROPERTIES[prop][1]}: this rule combines too many conditions; the search was stopped"
        if prop in ASKED:
            zh += "；装上 z3（uv sync --extra prove），check 会再问它"
            en += "; with z3 installed (uv sync --extra prove), check asks it too"
        return Shown(property=prop, verdict="not_proved", place=self.rule.top, zh=zh, en=en)

    # --- who somebody is must not matter

    def impartial(self, rows: Rows) -> Iterator[Shown]:
        """Find facts marked personal that change an outcome; one that the rule can ask for is never proved harmless."""
        rule = self.rule
        for fact in rule.facts:
            if fact.personal and fact.name in rule.asks:
                witness = self.changing(rows, fact)
                yield Shown(
                    property="impartial",
                    verdict="not_proved" if witness is None else "refuted",
                    place=fact.cell.place,
                    zh=f"结果会随个人信息“{fact.name}”而变" if witness else f"规则要问个人信息“{fact.name}”",
                    en=f"the outcome changes with the personal fact `{fact.name}`"
                    if witness
                    else f"the rule asks for the personal fact `{fact.name}`",
                    about=fact.name,
                    witness=witness,
                )

    def changing(self, rows: Rows, fact: Fact) -> Witness | None:
        """Find a case of the rule whose outcome changes with one fact."""
        search = Witnesses(self.rulebook, rows.normal)
        for box in rows.regions_of_rows():
            first = search.find(box, lambda outcome: isinstance(outcome, Decision))
            if first is None:
                continue
            for value in domain_values(fact, rows.normal):
                other = search.again(first, fact.name, value)
                if other is not None and _differ(first, other):
                    return other
        return None

    # --- versions in time

    def versions(self) -> Iterator[Shown]:
        """Find days between two versions without law; a declared gap is known."""
        rule = self.rule
        others = self.rulebook.versions.get(rule.code, (rule,))
        before = [each for each in others if each.validity.first < rule.validity.first]
        if not before:
            return
        last = max(before, key=lambda each: each.validity.first).validity.last
        if last is not None and last + timedelta(days=1) < rule.validity.first:
            day = last + timedelta(days=1)
            days = f"{day.isoformat()} – {(rule.validity.first - timedelta(days=1)).isoformat()}"
            outcome = decide(self.rulebook, rule.code, day, {})
            yield Shown(
                property="versions",
                verdict="refuted",
                place=rule.top,
                zh=f"这些日子没有法：{days}",
                en=f"no law on these days: {days}",
                witness=Witness(rule=rule, on=day, decided=None, facts=(), outcome=outcome),
                known=rule.gap_before,
            )

    def acknowledged(self, shown: Shown) -> Shown:
        """Mark a finding that the rule file says is to stay."""
        if shown.known:
            return shown
        reasons = [each.reason for each in self.rule.acknowledged if self.covers(each, shown)]
        return replace(shown, known=reasons[0]) if reasons else shown

    def covers(self, acknowledged: Acknowledged, shown: Shown) -> bool:
        """Say whether an acknowledgement is of a finding: of one elsewhere nobody has yet given a reason."""
        if acknowledged.prop != shown.property:
            return False
        if acknowledged.tier not in ("", shown.tier) or acknowledged.about not in ("", shown.about):
            return False
        named = acknowledged.tier or acknowledged.about or acknowledged.cell.place.file != self.rule.file
        return bool(named) or not (shown.tier or shown.about)


def verdict(findings: Iterable[Shown], unsure: bool) -> Verdict:
    """Sum findings up: refuted by one case, proved by none, not proved where something stayed open."""
    verdicts = {each.verdict for each in findings}
    if "refuted" in verdicts:
        return "refuted"
    return "not_proved" if unsure or "not_proved" in verdicts else "proved"


def _differ(one: Witness, other: Witness) -> bool:
    mine, theirs = one.outcome, other.outcome
    if isinstance(mine, Decision) and isinstance(theirs, Decision):
        return (mine.tier, mine.measures) != (theirs.tier, theirs.measures)
    return type(mine) is not type(theirs)

"""Decides the violations of one case together: separate acts add up, one act is fined once (行政处罚法 第二十九条).

Every part is decided on its own by `engine.decide`; here is only what happens between them. Within one act the fine of
one part stands for each payer, by the comparison that the law data declares, and every other measure is kept. What
general law attached because of a fine that falls away falls with it. The order in which acts are given never matters.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from engine.currency import DEFAULT, amount_text, unit_word
from engine.decide import decide
from engine.decision import Decision, Imposed, Refusal, Wire, imposed_to_wire, kind_of, to_wire
from engine.fact import Language
from engine.joined import (
    SENTENCES,
    Act,
    FallsAway,
    Joint,
    JointRefusal,
    JointRefusalCode,
    JointStep,
    Kept,
    Part,
    Sum,
    currencies,
)
from engine.measures import ConfiscateGains, Fine, Flag
from engine.numbers import MAX_SAFE_INTEGER, yuan_text
from engine.rulebook import OneAct, Rulebook


def decide_together(
    rulebook: Rulebook, on: date, acts: Sequence[Act], *, decided: date | None = None
) -> Joint | JointRefusal:
    """Decide all violations of a case, or refuse the whole by name, with every part visible either way.

    Violations with the same `act` label are one act of the same party. `on` is the day of every act that has none of
    its own. The same acts always give the same answer, in whatever order they come. Never raises for what a caller
    sends.
    """
    parts = [
        Part(act=each.act, outcome=decide(rulebook, each.violation, each.on or on, each.facts, decided=decided))
        for each in acts
    ]
    parts.sort(key=lambda part: (part.act, part.violation, str(to_wire(part.outcome))))
    joining = _Joining(rulebook, on, parts)
    try:
        return joining.joint()
    except _Refused as refused:
        return refused.refusal


class _Refused(Exception):
    def __init__(self, refusal: JointRefusal) -> None:
        self.refusal = refusal


class _Fine:
    """A fine of one part on one payer."""

    def __init__(self, violation: str, imposed: Imposed) -> None:
        self.violation, self.imposed = violation, imposed
        amount = imposed.amount_fen or 0
        self.fen = Sum(amount, amount) if imposed.spread is None else Sum(*imposed.spread)
        self.limit = imposed.limit_fen

    def no_lower_than(self, other: "_Fine") -> bool:
        """Say whether this fine is at least the other one, whichever figures are taken from published ranges."""
        return other.fen.high is not None and self.fen.low >= other.fen.high


class _Joining:
    """The steps of deciding together."""

    def __init__(self, rulebook: Rulebook, on: date, parts: list[Part]) -> None:
        self.language: Language = rulebook.language
        self.zh = self.language == "zh"
        self.one_act = rulebook.one_act
        self.on, self.parts = on, parts
        self.currency = next(iter(currencies(parts)), DEFAULT)
        self.trace: list[JointStep] = []

    def refuse(
        self,
        code: JointRefusalCode,
        act: str | None = None,
        violation: str | None = None,
        field: str | None = None,
        **words: str,
    ) -> _Refused:
        message = SENTENCES[code][0 if self.zh else 1].format(act=act, **words)
        parts = tuple(self.parts)
        return _Refused(
            JointRefusal(on=self.on, parts=parts, code=code, message=message, act=act, violation=violation, field=field)
        )

    def joint(self) -> Joint:
        acts = [(act, list(found)) for act, found in groupby(self.parts, key=lambda part: part.act)]
        self.usable(acts)
        how = self.declared()
        parts: list[Part] = []
        measures: list[Kept] = []
        fines: list[Sum] = []
        for act, found in acts:
            own = [(part, part.outcome) for part in found if isinstance(part.outcome, Decision)]
            standing, marked = self.one_fine(how, act, own)
            parts += marked
            measures += self.kept(act, marked, standing)
            mine = standing.get("")
            if mine is not None:
                fines.append(mine.fen)
                self.trace.append(JointStep("act_total", act, mine.violation, fen=mine.fen))
        if any(isinstance(each.imposed.measure, Flag) for each in measures):
            # General law looked at each penalty by itself; nobody looked at what they come to together.
            self.trace.append(JointStep("judged_apart"))
        total = self.total(fines)
        if total is not None:
            self.trace.append(JointStep("total", fen=total))
        return Joint(
            on=self.on,
            parts=tuple(parts),
            measures=tuple(measures),
            fine=total,
            compared=how,
            trace=tuple(self.trace),
        )

    def usable(self, acts: list[tuple[str, list[Part]]]) -> None:
        """Refuse what is no list of acts, and where any part is refused: a case is decided whole or not at all."""
        if not acts:
            raise self.refuse("no_parts")
        for act, found in acts:
            codes = [part.violation for part in found]
            twice = next((code for code in codes if codes.count(code) > 1), None)
            if twice is not None:
                raise self.refuse("same_violation_twice", act, twice, found=twice)
            days = sorted({part.outcome.on.isoformat() for part in found})
            if len(days) > 1:
                raise self.refuse("act_on_two_days", act, field="on", found=self.between(days))
        used = currencies(self.parts)
        if len(used) > 1:
            shown = self.between(f"{code} {currency}" for currency, code in sorted(used.items()))
            raise self.refuse("several_currencies", found=shown)
        refused = [(part, part.outcome) for part in self.parts if isinstance(part.outcome, Refusal)]
        if refused:
            first, outcome = refused[0]
            said = [self.said(part, each) for part, each in refused]
            sentences = ("；" if self.zh else "; ").join(said)
            raise self.refuse("part_refused", first.act, first.violation, outcome.field, found=sentences)

    def said(self, part: Part, refusal: Refusal) -> str:
        if self.zh:
            return f"行为“{part.act}”的 {part.violation} 不能裁量：{refusal.message}"
        return f"`{part.violation}` of the act `{part.act}` is refused: {refusal.message}"

    def declared(self) -> OneAct:
        if self.one_act is None:
            raise self.refuse("comparison_not_declared")
        return self.one_act

    def amount(self, fen: int) -> str:
        return amount_text(fen, self.currency, self.language)

    def between(self, texts: Iterable[str]) -> str:
        return ("、" if self.zh else ", ").join(texts)

    # --- one act

    def one_fine(self, how: OneAct, act: str, own: list[tuple[Part, Decision]]) -> tuple[dict[str, _Fine], list[Part]]:
        """Find the fine that stands for each payer, and mark the parts whose fines fall away."""
        by_payer: dict[str, list[_Fine]] = {}
        for part, decision in own:
            for each in decision.measures:
                if isinstance(each.measure, Fine):
                    by_payer.setdefault(each.measure.payer, []).append(_Fine(part.violation, each))
        standing: dict[str, _Fine] = {}
        fallen: dict[str, list[FallsAway]] = {}
        for payer in sorted(by_payer):
            fines = by_payer[payer]
            if len(fines) == 1:
                standing[payer] = fines[0]
                continue
            day = own[0][1].on
            if not how.validity.holds_on(day):
                raise self.refuse("comparison_not_in_force", act, found=day.isoformat(), expected=how.article)
            highest = self.highest(how, act, fines)
            standing[payer] = highest
            self.trace.append(JointStep("declared", act, text=f"{how.code} {how.article}", by=how.compare))
            self.trace.append(JointStep("stands", act, highest.violation, payer, fen=highest.fen, limit=highest.limit))
            by = highest.violation
            for other in fines:
                if other is not highest:
                    step = JointStep("falls_away", act, other.violation, payer, by, fen=other.fen, limit=other.limit)
                    self.trace.append(step)
                    reason = self.reason(how, other, highest)
                    fallen.setdefault(other.violation, []).append(FallsAway(payer, by, reason))
        marked = [
            Part(act=act, outcome=decision, falls_away=tuple(fallen.get(part.violation, ()))) for part, decision in own
        ]
        return standing, marked

    def highest(self, how: OneAct, act: str, fines: list[_Fine]) -> _Fine:
        """Find the one fine that is no lower than any other; of equal ones the first by code. Refuse where in doubt."""
        if how.compare == "statutory":
            limits = [each.limit for each in fines if each.limit is not None]
            if len(limits) < len(fines):
                raise self.not_comparable(act, fines)
            # Where the statutes allow the same, the fines as they come out are compared.
            fines = [each for each in fines if each.limit == max(limits)]
        for each in fines:
            if all(each is other or each.no_lower_than(other) for other in fines):
                return each
        raise self.not_comparable(act, fines)

    def not_comparable(self, act: str, fines: list[_Fine]) -> _Refused:
        shown = self.between(f"{each.violation} {self.shown(each.fen)}" for each in fines)
        return self.refuse("fines_not_comparable", act, fines[0].violation, found=shown)

    def shown(self, fen: Sum) -> str:
        """Write an amount of one figure or of two ends, with its unit."""
        low, high = yuan_text(fen.low), "…" if fen.high is None else yuan_text(fen.high)
        unit = unit_word(self.currency, self.language)
        return f"{low} {unit}" if fen.low == fen.high else f"{low}–{high} {unit}"

    def reason(self, how: OneAct, fine: _Fine, by: _Fine) -> str:
        pair = (by.violation, self.shown(by.fen), self.shown(fine.fen))
        if how.compare == "statutory" and by.limit is not None and fine.limit is not None and by.limit != fine.limit:
            pair = (by.violation, self.amount(by.limit), self.amount(fine.limit))
            zh, en = "按 {0} 处罚：其法定最高罚款 {1}，高于 {2}", "{0} stands: its maximum is {1}, here {2}"
        elif by.fen == fine.fen:
            zh, en = (
                "与 {0} 的罚款数额相同（{1}），以代码在前的一项处罚",
                "the same fine as {0} ({1}): the first code stands",
            )
        else:
            zh, en = (
                "按罚款数额高的 {0} 处罚：{1}，高于 {2}",
                "{0} stands with the higher fine: {1}, here {2}",
            )
        return f"{how.article}：{zh.format(*pair)}" if self.zh else f"{how.article}: {en.format(*pair)}"

    def kept(self, act: str, parts: list[Part], standing: dict[str, _Fine]) -> list[Kept]:
        """List the measures of one act that stand: the standing fines, and every other measure, equal ones once."""
        found: list[tuple[dict[str, Wire], list[str], Imposed]] = []
        gains: dict[str, dict[int, str]] = {}
        for part in parts:
            assert isinstance(part.outcome, Decision)
            payers = {each.measure.payer for each in part.outcome.measures if isinstance(each.measure, Fine)}
            fell = {each.payer for each in part.falls_away}
            fine_fell = "" in fell or (bool(fell) and fell == payers)
            for each in part.outcome.measures:
                measure = each.measure
                if isinstance(measure, Fine):
                    if standing[measure.payer].violation == part.violation:
                        found.append(({}, [part.violation], each))
                    continue
                if each.of_fine and fine_fell:
                    step = JointStep("falls_with_fine", act, part.violation, text=each.basis, by=kind_of(measure))
                    self.trace.append(step)
                    continue
                if isinstance(measure, ConfiscateGains):
                    gains.setdefault(measure.payer, {})[each.amount_fen or 0] = part.violation
                wire = imposed_to_wire(each)
                same = next((codes for other, codes, _each in found if other == wire), None)
                if same is None:
                    found.append((wire, [part.violation], each))
                else:
                    same.append(part.violation)
                    step = JointStep("kept_once", act, part.violation, by=same[0], text=kind_of(measure))
                    self.trace.append(step)
        for unlike in (each for each in gains.values() if len(each) > 1):
            shown = self.between(f"{code} {self.amount(fen)}" for fen, code in sorted(unlike.items()))
            raise self.refuse("unlike_gains", act, found=shown)
        return [Kept(act, tuple(codes), each) for _wire, codes, each in found]

    # --- all acts

    def total(self, fines: list[Sum]) -> Sum | None:
        if not fines:
            return None
        highs = [each.high for each in fines if each.high is not None]
        low, high = sum(each.low for each in fines), sum(highs) if len(highs) == len(fines) else None
        if max(low, high or 0) > MAX_SAFE_INTEGER:
            raise self.refuse("amount_too_large", expected=self.amount(MAX_SAFE_INTEGER))
        return Sum(low, high)

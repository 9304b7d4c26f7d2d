"""What an officer does on a phone: code, facts, penalty; corrections, dead ends, the keyboard, no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.api.kit import COUNT, Served, shipped_law

DECISION = re.compile(r"/decisions/[0-9a-f-]{36}$")
SCRIPT = "<script>document.title='hurt'</script>"
both_ways = pytest.mark.parametrize("phone", ["with JavaScript", "without JavaScript"], indirect=True)


def records(service: Served) -> int:
    size = service.ask("GET", "/healthz")[2]["log_size"]
    assert isinstance(size, int)
    return size


def fill(page: Page, **facts: str) -> None:
    """Fill the form: text into a field, or the choice of that name."""
    for name, value in facts.items():
        field = page.locator(f'[name="f.{name}"]')
        if field.first.get_attribute("type") == "radio":
            page.locator(f'[name="f.{name}"][value="{value}"]').check(force=True)
        else:
            field.fill(value)


def open_form(page: Page, code: str = "SZCG-013") -> None:
    page.goto(f"/violations/{code}")
    page.locator("#on").fill("2025-11-01")


def submit(page: Page) -> None:
    page.get_by_role("button", name="得出处罚").click()


def fits(page: Page) -> bool:
    """Whether nothing reaches over the side of the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@both_ways
def test_a_typed_number_leads_to_the_penalty_with_its_law_its_reasons_and_its_record(
    page: Page, service: Served
) -> None:
    before = records(service)
    page.goto("/")
    page.locator("#q").fill("szcg-013")
    page.get_by_role("button", name="查找").click()
    expect(page).to_have_url(re.compile(r"/violations/SZCG-013$"))
    fill(page, **{COUNT: "2"})
    submit(page)

    expect(page).to_have_url(DECISION)
    expect(page.locator(".answer")).to_contain_text("罚款 100 元")
    expect(page.locator(".answer")).to_contain_text("档次：情节较重")
    expect(page.get_by_role("heading", name="处罚依据")).to_be_visible()
    expect(page.locator("blockquote")).to_have_text("处五十元以上二百元以下罚款")
    expect(page.locator(".reasons")).to_contain_text("“情节较重”成立")
    expect(page.locator(".record")).to_contain_text(f"已记入日志第 {before} 号")
    expect(page.locator(".record .mono").first).to_have_text(page.url.rpartition("/")[2])
    assert records(service) == before + 1


@both_ways
def test_a_word_finds_the_violations_that_hold_it(page: Page) -> None:
    page.goto("/")
    page.locator("#q").fill("szcg 吐痰")
    page.locator("#q").press("Enter")

    expect(page.locator(".list li")).to_have_count(1)
    page.locator(".list a").first.click()
    expect(page).to_have_url(re.compile(r"/violations/SZCG-013$"))


def test_a_category_lists_all_its_violations(page: Page) -> None:
    rules = shipped_law().rulebook.rules.values()
    category = next(iter(rules)).category
    page.goto("/")

    regime = page.locator("details.regime").filter(has_text=category).first
    regime.locator("summary").click()
    regime.locator(".categories a").filter(has_text=category).first.click()

    expect(page.locator(".list li")).to_have_count(sum(rule.category == category for rule in rules))


def test_a_word_that_finds_nothing_says_so_and_offers_near_codes(page: Page) -> None:
    page.goto("/?q=SZCG-0131")

    expect(page.locator(".note")).to_contain_text("没有找到")
    expect(page.locator(".list")).to_contain_text("SZCG-013")


def test_an_unknown_violation_leads_back_to_the_search(page: Page) -> None:
    page.goto("/violations/SZCG-999")

    expect(page.locator("#q")).to_have_value("SZCG-999")


@both_ways
def test_missing_facts_are_named_and_the_form_comes_back_with_what_was_typed(page: Page) -> None:
    open_form(page, "SZCG-003")
    fill(page, 拒不改正="是", 占地面积="3.5")
    page.locator("#case_ref").fill("2025-17")
    submit(page)

    expect(page.locator(".answer")).to_contain_text("不能作出处罚")
    expect(page.locator(".answer")).to_contain_text("威胁辱骂殴打工作人员")
    page.get_by_role("link", name="修改或补充事实").click()
    expect(page.locator(".needed")).to_have_count(4)
    expect(page.locator('[name="f.占地面积"]')).to_have_value("3.5")
    expect(page.locator('[name="f.拒不改正"][value="是"]')).to_be_checked()
    expect(page.locator("#case_ref")).to_have_value("2025-17")
    expect(page.locator("#on")).to_have_value("2025-11-01")
    fill(page, **{COUNT: "3"})
    submit(page)
    expect(page.locator(".answer")).to_contain_text("罚款 3500 元")


@both_ways
def test_what_would_have_changed_the_penalty_is_folded_under_its_reasons(page: Page) -> None:
    open_form(page)
    fill(page, **{COUNT: "2"})
    submit(page)

    expect(page.locator(".why li").first).not_to_be_visible()
    page.get_by_text("怎样会不同").click()
    expect(page.locator(".why")).to_contain_text("若一年内次数为 1 次 → 罚款 50 元")
    assert fits(page)


def test_days_are_counted_when_they_are_typed_instead_of_the_count(page: Page) -> None:
    open_form(page)
    page.locator("details summary").first.click()
    fill(page, 历次处罚日期="2024-11-01，2024-10-31")
    submit(page)

    expect(page.locator(".answer")).to_contain_text("罚款 100 元")


def test_facts_that_contradict_each_other_are_refused_by_name(page: Page) -> None:
    open_form(page)
    page.locator("details summary").first.click()
    fill(page, **{COUNT: "1", "历次处罚日期": "2025-05-05"})
    submit(page)

    expect(page.locator(".answer")).to_contain_text("不能作出处罚")
    expect(page.locator(".answer")).to_contain_text(COUNT)


def test_going_back_and_changing_the_answer_makes_a_second_record(page: Page, service: Served) -> None:
    before = records(service)
    open_form(page)
    fill(page, **{COUNT: "3"})
    submit(page)
    expect(page.locator(".answer")).to_contain_text("罚款 200 元")
    first = page.url

    page.go_back()
    fill(page, **{COUNT: "1"})
    submit(page)

    expect(page.locator(".answer")).to_contain_text("罚款 50 元")
    assert page.url != first
    assert records(service) == before + 2


def test_reloading_the_result_makes_no_record(page: Page, service: Served) -> None:
    open_form(page)
    fill(page, **{COUNT: "2"})
    submit(page)
    expect(page).to_have_url(DECISION)
    before = records(service)

    page.reload()

    expect(page.locator(".answer")).to_contain_text("罚款 100 元")
    assert records(service) == before


def test_a_form_sent_again_after_a_lost_answer_is_one_record(page: Page, service: Served) -> None:
    before = records(service)
    open_form(page)
    key = page.locator('[name="key"]').get_attribute("value") or ""
    form: dict[str, str | float | bool] = {"key": key, f"f.{COUNT}": "2", "on": "2025-11-01", "case_ref": ""}

    first, again = (page.request.post("/violations/SZCG-013", form=form) for _ in range(2))

    assert DECISION.search(first.url)
    assert again.url == first.url
    assert records(service) == before + 1


def test_a_double_tap_is_one_record(page: Page, service: Served) -> None:
    before = records(service)
    open_form(page)
    fill(page, **{COUNT: "2"})
    page.get_by_role("button", name="得出处罚").dblclick(no_wait_after=True)

    expect(page).to_have_url(DECISION)
    expect(page.locator(".answer")).to_contain_text("罚款 100 元")
    assert records(service) == before + 1


@both_ways
def test_a_script_typed_into_a_case_number_is_shown_as_text(page: Page) -> None:
    open_form(page)
    fill(page, **{COUNT: "2"})
    page.locator("#case_ref").fill(SCRIPT)
    submit(page)

    expect(page.locator(".record")).to_contain_text(SCRIPT)
    assert "hurt" not in page.title()


@both_ways
def test_a_script_typed_into_a_fact_is_shown_as_text_and_refused(page: Page) -> None:
    open_form(page)
    page.locator("details summary").first.click()
    fill(page, 历次处罚日期=SCRIPT)
    submit(page)

    expect(page.locator(".answer")).to_contain_text("不能作出处罚")
    expect(page.locator("dd")).to_contain_text(SCRIPT)
    page.get_by_role("link", name="修改或补充事实").click()
    expect(page.locator('[name="f.历次处罚日期"]')).to_have_value(SCRIPT)
    assert "hurt" not in page.title()


def test_a_script_in_the_search_is_shown_as_text(page: Page) -> None:
    page.goto("/")
    page.locator("#q").fill(SCRIPT)
    page.locator("#q").press("Enter")

    expect(page.locator("#q")).to_have_value(SCRIPT)
    expect(page.locator("h2").first).to_contain_text(SCRIPT)
    assert "hurt" not in page.title()


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until that element has the focus."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tab key never reaches {selector}")


def test_a_penalty_can_be_had_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#q")).to_be_focused()  # a loaded page has its focus a moment later
    page.keyboard.type("szcg-013")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/violations/SZCG-013$"))
    tab_to(page, f'[name="f.{COUNT}"]')
    page.keyboard.type("2")
    tab_to(page, "button.primary")
    page.keyboard.press("Enter")

    expect(page.locator(".answer")).to_contain_text("罚款 100 元")


def test_a_choice_can_be_made_with_the_keyboard_alone(page: Page) -> None:
    open_form(page, "SZCG-001")
    page.locator("header a").focus()
    tab_to(page, '[name="f.逾期未改正"]')
    page.keyboard.press("Space")
    expect(page.locator('[name="f.逾期未改正"][value="是"]')).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.locator('[name="f.逾期未改正"][value="否"]')).to_be_checked()
    page.keyboard.press("Enter")

    expect(page.locator(".answer")).to_contain_text("责令改正")


def test_the_focus_is_always_visible(page: Page) -> None:
    open_form(page, "SZCG-001")
    page.locator("header a").focus()
    tab_to(page, '[name="f.逾期未改正"]')

    # The circle itself may be hidden; then the label around it shows the focus.
    shown = page.evaluate(
        "() => (at => [at, at.nextElementSibling, at.parentElement])(document.activeElement)"
        ".some(each => each && getComputedStyle(each).outlineStyle !== 'none')"
    )
    assert shown


# A form laid out anew under the stylesheet of the page it is loaded into: all of them in a few seconds.
LAY_OUT = """async codes => {
  const wide = [];
  for (const code of codes) {
    const text = await (await fetch(`/violations/${code}`)).text();
    document.body.replaceWith(new DOMParser().parseFromString(text, "text/html").body);
    const root = document.documentElement;
    const fits = () => document.querySelector("form.facts") && root.scrollWidth <= root.clientWidth;
    const closed = fits();
    document.querySelectorAll("details").forEach(each => { each.open = true; });
    if (!closed || !fits()) wide.push(code);
  }
  return wide;
}"""


def test_no_form_scrolls_sideways_on_a_phone(page: Page) -> None:
    # A form of every regime, and more of the large ones: each takes its time to lay out.
    rules = list(shipped_law().rulebook.rules.values())
    first = {rule.regime.code: rule.code for rule in reversed(rules)}
    codes = sorted({*first.values(), *(rule.code for rule in rules[::8])})
    page.goto("/")

    wide = page.evaluate(LAY_OUT, codes)

    assert len(codes) > 75
    assert wide == []


def test_no_search_scrolls_sideways_on_a_phone(page: Page) -> None:
    wide = []

    for path in ("/", "/?q=垃圾", "/?category=市容和环境卫生", f"/?q={'长' * 100}", f"/?q={'x' * 100}"):
        page.goto(path)
        if not fits(page):
            wide.append(path)

    assert wide == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda page: fill(page, **{COUNT: "2"}), id="decision"),
        pytest.param(lambda page: None, id="refusal"),
        pytest.param(lambda page: page.locator("#case_ref").fill("x" * 100), id="long case number"),
    ],
)
def test_no_result_scrolls_sideways_on_a_phone(page: Page, answer: Callable[[Page], None]) -> None:
    open_form(page)
    answer(page)
    submit(page)

    expect(page).to_have_url(DECISION)
    assert fits(page)


def test_a_decision_that_is_not_there_is_said_on_a_page(page: Page) -> None:
    answer = page.goto("/decisions/none")

    assert answer is not None
    assert answer.status == 404
    expect(page.locator(".answer")).to_contain_text("没有")
    assert fits(page)


def test_a_form_without_a_day_is_not_sent(page: Page, service: Served) -> None:
    before = records(service)
    open_form(page)
    fill(page, **{COUNT: "2"})
    page.locator("#on").fill("")
    submit(page)

    expect(page.locator("#on:invalid")).to_have_count(1)
    assert records(service) == before

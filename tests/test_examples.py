"""Every example and the demo, run as people run them: real programs, plain clients, two pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from tests.browser import Page
from tests.plain_client import PlainClient
from tests.programs import RunningProgram

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NAMES = sorted(file.stem for file in EXAMPLES.glob("*.py"))
PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True}


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Callable[[str], RunningProgram]]:
    """Runs an example, and at the end checks that it has nothing to complain about."""
    started: list[RunningProgram] = []

    def start(name: str) -> RunningProgram:
        started.append(RunningProgram([str(EXAMPLES / f"{name}.py")], folder=tmp_path))
        return started[-1]

    yield start
    for each in started:
        code = each.stop()
        each.kill()
        assert code == 0
        assert_no_complaints(each.console)


def assert_no_complaints(console: str) -> None:
    """A program says its addresses and nothing else, as long as all goes well."""
    assert console.strip().splitlines()[-1].startswith("  To stop:"), console


def hear(client: PlainClient, op: str, **wanted: Any) -> dict[str, Any]:
    """Waits for a message that carries this."""
    while True:
        message = client.hear(op)
        if all(message[name] == value for name, value in wanted.items()):
            return message


def fits(page: Page) -> bool:
    """Whether nobody has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


# ---- all of them -------------------------------------------------------------------------------


def test_the_list_of_examples_names_each_program_there_is():
    listed = re.findall(r"^\| \[(\w+)\.py\]", (EXAMPLES / "README.md").read_text("utf-8"), re.M)
    assert sorted(listed) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_ends_with_run_server(name):
    lines = (EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[-1] == "run_server()"
    assert len(lines) <= 45


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_an_example_fits_on_a_phone(name, example, browser_page):
    page = browser_page(example(name).url, **PHONE)
    page.wait_until("wszero.connected")
    assert fits(page)
    assert page.console == []


# ---- chat --------------------------------------------------------------------------------------


def test_chat_what_one_client_says_reaches_all(example, connect):
    game = example("chat")
    amy, ben = connect(game.url), connect(game.url)
    name = amy.hear("you")["name"]
    hear(amy, "here", number=2)
    amy.send("say", text="hello")
    hear(amy, "chat", text=f"{name}: hello")
    hear(ben, "chat", text=f"{name}: hello")
    amy.close()
    hear(ben, "chat", text=f"{name} has gone")
    hear(ben, "here", number=1)


def test_chat_a_line_that_is_too_long_is_refused_only_to_its_sender(example, connect):
    game = example("chat")
    amy, ben = connect(game.url), connect(game.url)
    amy.send("say", text="x" * 101)
    assert "write less" in amy.hear("sorry")["text"]
    amy.send("say", text="short")
    while "short" not in ben.hear("chat")["text"]:
        pass
    assert not any("xxx" in message.get("text", "") for message in ben.unheard)


def test_chat_two_pages_read_what_is_written_and_show_it_as_text(example, browser_page):
    game = example("chat")
    amy, ben = browser_page(game.url, **PHONE), browser_page(game.url)
    amy.wait_for_text("2 here")
    amy.fill("[name=text]", "<b>hello</b> <img src=x>")
    amy.press("[name=text]", "Enter")
    for page in (amy, ben):
        page.wait_for_text(": <b>hello</b> <img src=x>", "li")
        assert page.evaluate("document.querySelector('li b, img')") is None
    assert amy.evaluate("document.querySelector('[name=text]').value") == ""


# ---- vote --------------------------------------------------------------------------------------


def test_vote_everybody_has_one_vote_and_may_change_it(example, connect):
    game = example("vote")
    amy, ben = connect(game.url), connect(game.url)
    amy.send("vote", animal="cat")
    hear(ben, "votes", cat=1, dog=0)
    amy.send("vote", animal="dog")
    hear(ben, "votes", cat=0, dog=1)
    amy.send("vote", animal="lion")
    ben.send("again")
    hear(amy, "votes", cat=0, dog=0, fish=0)
    hear(connect(game.url), "votes", cat=0, dog=0, fish=0)


def test_vote_two_pages_and_a_late_one_show_the_counts(example, browser_page):
    game = example("vote")
    amy, ben = browser_page(game.url, **PHONE), browser_page(game.url)
    amy.click("text=Fish")
    ben.wait_for_text("1", "#fish")
    ben.click("text=Fish")
    late = browser_page(game.url)
    for page in (amy, ben, late):
        page.wait_for_text("2", "#fish")
    assert amy.text("p") == "You voted for: fish"
    assert late.evaluate("document.querySelector('[data-show=\"votes.fish\"]').value") == 2


# ---- buzzer ------------------------------------------------------------------------------------


def test_buzzer_of_many_who_press_at_once_all_see_the_same_winner(example, connect):
    game = example("buzzer")
    players = [connect(game.url) for _ in range(8)]
    for player in players:
        player.send("buzz")
    first = [player.hear("first")["text"] for player in players]
    assert len(set(first)) == 1
    late = [player for player in players if f"{player.hear('you')['name']} was first" != first[0]]
    assert len(late) == 7
    for player in late:
        hear(player, "note", text="Too late!")


def test_buzzer_the_first_press_wins_and_the_next_question_begins_anew(example, browser_page):
    game = example("buzzer")
    amy, ben = browser_page(game.url, **PHONE), browser_page(game.url)
    ben.wait_until("wszero.connected")
    amy.click("text=BUZZ")
    ben.wait_for_text("was first", "h1")
    ben.click("text=BUZZ")
    ben.wait_for_text("Too late!")
    winner = amy.text("[data-show='you.name']")
    assert amy.text("h1") == ben.text("h1") == f"{winner} was first"
    assert "Too late!" not in amy.text()
    ben.click("text=Next question")
    amy.wait_for_text("Get ready", "h1")
    ben.click("text=BUZZ")
    name = ben.text("[data-show='you.name']")
    amy.wait_for_text(f"{name} was first", "h1")


# ---- draw --------------------------------------------------------------------------------------

IS_INK_AT = "([x, y]) => board.getContext('2d').getImageData(x, y, 1, 1).data[3] > 0"
IS_BLANK = "!board.getContext('2d').getImageData(0, 0, 1000, 700).data.some(byte => byte > 0)"


def draw_line(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Draws with the mouse, from one place of the board to another."""

    async def work(tab: Any) -> None:
        box = await tab.locator("#board").bounding_box()
        scale = box["width"] / 1000
        places = [(box["x"] + x * scale, box["y"] + y * scale) for x, y in (start, end)]
        await tab.mouse.move(*places[0])
        await tab.mouse.down()
        await tab.mouse.move(*places[1], steps=8)
        await tab.mouse.up()

    page.do(work)


def test_draw_a_stroke_reaches_the_others_and_those_who_come_later(example, connect):
    game = example("draw")
    amy, ben = connect(game.url), connect(game.url)
    assert ben.hear("picture")["strokes"] == []
    stroke = {"colour": "#d32f2f", "points": [[1, 2], [3, 4]]}
    amy.send("stroke", **stroke)
    hear(ben, "stroke", **stroke)
    hear(connect(game.url), "picture", strokes=[stroke])
    ben.send("clear")
    hear(amy, "picture", strokes=[])
    hear(amy, "picture", strokes=[])
    assert not any(message["op"] == "stroke" for message in amy.unheard)


def test_draw_a_line_on_one_page_is_seen_on_the_other_and_on_a_late_one(example, browser_page):
    game = example("draw")
    amy, ben = browser_page(game.url, **PHONE), browser_page(game.url)
    ben.wait_until("wszero.connected")
    draw_line(amy, (200, 300), (600, 300))
    late = browser_page(game.url)
    for page in (amy, ben, late):
        page.wait_until(IS_INK_AT, [400, 300])
        page.wait_until(IS_INK_AT, [600, 300])
        assert not page.evaluate(IS_INK_AT, [400, 500])
    ben.click("text=Clear")
    for page in (amy, ben, late):
        page.wait_until(IS_BLANK)


def test_draw_the_chosen_colour_is_what_the_others_see(example, browser_page):
    game = example("draw")
    amy, ben = browser_page(game.url), browser_page(game.url)
    ben.wait_until("wszero.connected")
    amy.click("#tools span >> nth=1")
    draw_line(amy, (200, 300), (600, 300))
    ben.wait_until(IS_INK_AT, [400, 300])
    pixel = "Array.from(board.getContext('2d').getImageData(400, 300, 1, 1).data)"
    assert ben.evaluate(pixel) == [0xD3, 0x2F, 0x2F, 255]


def test_draw_a_fast_pen_sends_few_messages(example, browser_page, connect):
    game = example("draw")
    amy, robot = browser_page(game.url), connect(game.url)
    amy.wait_until("wszero.connected")
    amy.do(lambda tab: tab.hover("#board"))
    amy.do(lambda tab: tab.mouse.down())
    amy.evaluate(
        "for (let x = 100; x < 160; x++) {"
        " board.dispatchEvent(new PointerEvent('pointermove', {clientX: x, clientY: 99})) }"
    )
    amy.do(lambda tab: tab.mouse.up())
    messages, points = 0, 0
    while points < 60:
        points += len(robot.hear("stroke")["points"])
        messages += 1
    assert messages <= 4


# ---- pad ---------------------------------------------------------------------------------------


def test_pad_a_player_who_reaches_the_star_gets_a_point(example, connect):
    game = example("pad")
    screen, pad = connect(game.url), connect(game.url)
    screen.send("be_the_screen")
    name = pad.hear("you", timeout=30)["name"]
    steered = None
    while True:
        scene = screen.hear("scene")
        me = next((player for player in scene["players"] if player["name"] == name), None)
        if me is None:
            continue
        if me["points"]:
            break
        way = [(goal > at) - (goal < at) for goal, at in zip(scene["star"], (me["x"], me["y"]))]
        if way != steered:
            steered = way
            pad.send("steer", dx=way[0], dy=way[1])
    hear(pad, "you", points=1)


def test_pad_an_arrow_that_is_held_moves_the_player_on_the_screen_page(example, browser_page):
    game = example("pad")
    screen, pad = browser_page(game.url), browser_page(game.url, viewport=PHONE["viewport"])
    screen.click("text=Be the big screen")
    pad.wait_until("wszero.connected")
    name = pad.text("[data-show='you.name']")
    screen.wait_for_text(name, "#screen")
    pad.do(lambda tab: tab.hover("#right"))
    pad.do(lambda tab: tab.mouse.down())
    screen.wait_until("name => players[name].style.left === '100%'", name)
    pad.do(lambda tab: tab.mouse.up())
    pad.close()
    screen.wait_until("name => !players[name]", name)


def test_pad_the_screen_is_the_screen_again_when_it_is_loaded_again(example, browser_page):
    game = example("pad")
    screen, pad = browser_page(game.url), browser_page(game.url)
    screen.click("text=Be the big screen")
    name = pad.text("[data-show='you.name']")
    screen.reload()
    screen.wait_for_text(name, "#screen")


# ---- lamp --------------------------------------------------------------------------------------


def test_lamp_the_pretend_button_reaches_two_pages(example, browser_page):
    game = example("lamp")
    amy, ben = browser_page(game.url, **PHONE), browser_page(game.url)
    for page in (amy, ben):
        page.wait_for_text("Not pressed", "b")
        page.evaluate("void on('button', msg => { console.log(msg.text) })")
    amy.click("text=Press the pretend button")
    for page in (amy, ben):
        page.wait_for_console("Pressed")
        page.wait_for_console("Not pressed")


def test_lamp_a_page_switches_the_lamp_and_all_pages_show_it(example, browser_page, connect):
    game = example("lamp")
    amy, ben, robot = browser_page(game.url), browser_page(game.url), connect(game.url)
    assert robot.hear("lamp")["is_on"] is False
    ben.wait_until("wszero.connected")
    amy.click("text=Touch the lamp")
    ben.wait_until("document.querySelector('input').checked")
    hear(robot, "lamp", is_on=True)
    ben.click("text=Touch the lamp")
    amy.wait_until("!document.querySelector('input').checked")


def test_lamp_the_button_broadcasts_from_a_thread_of_gpiozero(program, connect):
    game = program(
        f"""
import runpy, threading, wszero

real = wszero.broadcast

def spy(op, **params):
    print(op, 'from a', type(threading.current_thread()).__name__)
    real(op, **params)

wszero.broadcast = spy
runpy.run_path({str(EXAMPLES / "lamp.py")!r}, run_name='__main__')
"""
    )
    amy = connect(game.url)
    amy.send("press")
    hear(amy, "button", text="Pressed")
    game.wait_for("button from a GPIOThread")


# ---- the demo ----------------------------------------------------------------------------------


def test_demo_lines_reach_all_and_those_who_come_later(command, connect):
    demo = command("demo")
    amy, ben = connect(demo.url), connect(demo.url)
    amy.send("say", text=" hello ")
    line = ben.hear("line")
    assert line["text"] == "hello"
    late = connect(demo.url)
    assert late.hear("lines")["lines"] == [{k: line[k] for k in ("id", "name", "text")}]
    amy.close()
    hear(ben, "news", text=f"{line['name']} has gone")
    assert demo.stop() == 0
    assert_no_complaints(demo.console)


def test_demo_a_name_belongs_to_one_person(command, connect):
    demo = command("demo")
    amy, ben = connect(demo.url), connect(demo.url)
    amy.send("rename", name="Zoe")
    while "is now called Zoe" not in ben.hear("news")["text"]:
        pass
    ben.send("rename", name="zoe")
    assert "Choose another name" in ben.hear("refused")["why"]
    while len(ben.hear("who")["people"]) < 2:
        pass


def test_demo_a_line_that_is_too_long_is_refused_only_to_its_sender(command, connect):
    demo = command("demo")
    amy, ben = connect(demo.url), connect(demo.url)
    amy.send("say", text="x" * 301)
    assert "too long" in amy.hear("refused")["why"]
    amy.send("say", text="short")
    assert ben.hear("line")["text"] == "short"


def test_demo_two_people_chat_rename_themselves_and_leave(command, browser_page):
    demo = command("demo")
    amy, ben = browser_page(demo.url, **PHONE), browser_page(demo.url)
    amy.wait_until("document.querySelectorAll('#people li').length === 2")
    ben.click("summary")
    ben.fill("[name=name]", "Zoe")
    ben.press("[name=name]", "Enter")
    ben.wait_for_text("You are Zoe")
    ben.fill("[name=text]", "<img src=x onerror=alert(1)>" + "long" * 40)
    ben.press("[name=text]", "Enter")
    amy.wait_for_text("<img src=x onerror", "#log .bubble")
    assert amy.text("#log .bubble .name") == "Zoe"
    assert amy.evaluate("document.querySelector('#log img')") is None
    ben.wait_until("document.querySelector('#log .me .bubble')")
    assert fits(amy)
    late = browser_page(demo.url)
    late.wait_for_text("<img src=x", "#log .bubble")
    ben.close()
    amy.wait_for_text("Zoe has gone", "#log")
    amy.wait_until("!document.querySelector('#people').innerText.includes('Zoe')")

"""Only web files, in whatever way they are asked for: through a real socket."""

from __future__ import annotations

import pytest

from tests.serving import Raw, serve

SECRET = b"nobody may read this"
SECRETS = [
    *("quiz.py", "quiz.pyw", "quiz.pyc", "quiz.py~", "quiz.py.bak", "quiz.html~", "quiz.html.bak"),
    *("quiz.html.swp", ".quiz.html.swp", "#quiz.html#", "quiz.html.orig", "quiz.html.tmp"),
    *(".env", ".htaccess", ".git/config", ".git/HEAD", "__pycache__/quiz.cpython-313.pyc"),
    *("con.html", "NUL", "nul.html", "aux.txt", "COM1.png", "lpt9", "QUIZ.PY2", "Quiz.Py"),
    *("quiz.html.", "quiz.html ", "a:b", "quiz.html::$DATA", "quiz.ipynb", "start.bat", "x.ps1"),
    *("com¹.txt", "QUIZ~1.PY", "PROGRA~1.HTM"),
]


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "site2").mkdir()
    (tmp_path / "site2" / "index.html").write_bytes(SECRET)
    site = tmp_path / "site"
    for name in SECRETS:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(SECRET)
    (site / "quiz.html").write_bytes(b"<h1>Quiz")
    (site / "out.txt").symlink_to(tmp_path / "secret.txt")
    (site / "up").symlink_to(tmp_path)
    (site / "hosts.txt").symlink_to("/etc/hosts")
    (site / "code.txt").symlink_to(site / "quiz.py")
    (site / "round").symlink_to(site / "round")
    with serve(folder=site) as app, Raw(app.port) as raw:
        yield raw


def refused(raw: Raw, target: str) -> bool:
    raw.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = raw.answer()
    return answer.status == 404 and SECRET not in answer.body


def in_all_spellings(name: str) -> list[str]:
    plain = "".join(f"%{byte:02X}" for byte in name.encode())
    readable = (
        name.replace("%", "%25").replace(" ", "%20").replace("#", "%23").replace("¹", "%C2%B9")
    )
    doubled = plain.replace("%", "%25")
    return [f"/{readable}", f"/{plain}", f"/{doubled}", f"//{readable}", f"/./{readable}"]


@pytest.mark.parametrize("name", SECRETS)
def test_what_is_no_web_file_is_not_there(raw, name):
    for target in in_all_spellings(name):
        assert refused(raw, target), target


UP = [
    *("..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae"),
    *("..%00", "..;", "%u002e%u002e", "....", "%ef%bc%8e%ef%bc%8e", "..%20", "%2e%2e%5c"),
]
SLASHES = [
    "/",
    "%2f",
    "%252f",
    "\\",
    "%5c",
    "%255c",
    "//",
    "/./",
    "%c0%af",
    "%ef%bc%8f",
    "%e2%88%95",
]


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("slash", SLASHES)
def test_no_spelling_leads_out_of_the_folder(raw, up, slash):
    for depth in (1, 2, 5):
        way = (up + slash) * depth
        for target in (f"/{way}secret.txt", f"/images{slash}{way}secret.txt", f"/{way}etc/hosts"):
            assert refused(raw, target), target


@pytest.mark.parametrize(
    "target",
    [
        *("/out.txt", "/up/secret.txt", "/up/site/quiz.py", "/hosts.txt", "/code.txt", "/round"),
        *(
            "/../site2/index.html",
            "/..%2fsite2%2findex.html",
            "/quiz.html/",
            "/quiz.html/quiz.html",
        ),
        *("/quiz.html%00", "/quiz.html%00.png", "/quiz.html%0d%0aX:%20y", "/quiz.html;.png"),
        *(
            "/quiz.html::$DATA",
            "/quiz.html%3a%3a$DATA",
            "/quiz.html:x",
            "/quiz.html...",
            "/QUIZ.PY",
        ),
        *(
            "/quiz%E2%80%8B.py",
            "/quiz.p%D1%83",
            "/.%2egit/config",
            "/%2egit/config",
            "/.GIT/config",
        ),
        *("/__PYCACHE__/quiz.cpython-313.pyc", "/c:/windows/win.ini", "/file:///etc/hosts.txt"),
        *("/nul.", "/AUX.html", "/con%20.html", "/CONIN$.txt", "/quiz.html%20", "/quiz.html%2e"),
    ],
)
def test_no_trick_shows_anything(raw, target):
    assert refused(raw, target)


def test_a_redirect_never_leads_to_another_server(raw):
    for target in ("//evil.example/..", "/\\evil.example", "/%2fevil.example/", "///evil.example"):
        assert refused(raw, target)


def test_the_page_itself_is_there(raw):
    assert raw.get("/quiz.html").status == 200

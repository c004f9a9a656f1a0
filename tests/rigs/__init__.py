"""Rigs: programs that attack a real server and say how it fared. No part of the test suite.

Each is started by hand, from the project's folder, on Linux:

    python tests/rigs/attacks.py             every way to be unkind, beside a witness
    python tests/rigs/fuzz.py                frames and JSON that chance has broken
    python tests/rigs/autobahn.py            the Autobahn|Testsuite, for docs/autobahn.md
    python -m tests.rigs.stop_and_start      stopped and started, with a class connected
    python -m tests.rigs.blips               cut cables, as root

docs/promises.md says which promise each of them holds.
"""

"""Rigs: programs that attack a real server and say how it fared. No part of the test suite.

Each is started by hand, from the project's folder, on Linux:

    python tests/rigs/autobahn.py     the Autobahn|Testsuite, for docs/autobahn.md
    python tests/rigs/attacks.py      every way to be unkind, one after the other, beside a witness
    python tests/rigs/fuzz.py         frames and JSON that chance has broken
"""

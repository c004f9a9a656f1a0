"""The settings that a rig's program was started with."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from typing import Any

from wszero.options import Options


def from_command_line() -> dict[str, Any]:
    """Returns those that this wszero knows: an older one can be attacked, too."""
    known = {field.name for field in fields(Options)}
    given = json.loads(sys.argv[1])
    return {name: value for name, value in given.items() if name in known}

"""Library code given back after the start: the process is smaller, and works on."""

from __future__ import annotations

import json
import subprocess
import sys

SHRINK = """
import json, re
import highspy, numpy
from edge_agent.start_pages import give_back_code

def code_mb():
    with open("/proc/self/status", encoding="ascii") as file:
        return int(re.search(r"RssFile:\\s+(\\d+)", file.read())[1]) / 1e3

def solved():
    highs = highspy.Highs()
    highs.silent()
    x = highs.addVariable(lb=0, ub=4, obj=-1)
    highs.run()
    return highs.getSolution().col_value[0] + float(numpy.linalg.det(numpy.eye(3)))

first, before = solved(), code_mb()
given = give_back_code()
after = code_mb()
print(json.dumps({"given": given, "before": before, "after": after, "same": solved() == first}))
"""


def test_code_of_the_start_is_given_back_and_comes_back_where_it_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHRINK], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["given"] > 1e6
    assert told["after"] < 0.7 * told["before"], told
    assert told["same"]

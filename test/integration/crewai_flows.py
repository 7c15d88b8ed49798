"""Runs CrewAI flows, given as JSON on standard input, with a scripted model; prints for each how its runs ended.

Input: [{"source": text that defines the class `Subject`, "seeds": [int or "yes" or "no"], "kickoff": {...}}].
"""

import contextlib
import io
import json
import os
import random
import sys

os.environ.update(CREWAI_DISABLE_TELEMETRY="true", OTEL_SDK_DISABLED="true", CREWAI_TRACING_ENABLED="false")

import crewai  # noqa: E402

STOP = 400
"""Here the scripted model ends the run: the framework did not."""


class Runaway(Exception):
    pass


class Model:
    """Stands in for LLM: counts, and says yes or no as the seed has it."""

    calls = 0
    answer = staticmethod(lambda: "no")

    def __init__(self, **_):
        pass

    def call(self, _):
        Model.calls += 1
        if Model.calls > STOP:
            raise Runaway
        return Model.answer()


crewai.LLM = Model


def answers(seed):
    if seed in ("yes", "no"):
        return lambda: seed
    chance = random.Random(seed)
    return lambda: chance.choice(["yes", "no"])


def run(source, seed, options):
    # CrewAI looks up the module of a class.
    names = {"__name__": "__main__"}
    exec(source, names)
    Model.calls = 0
    Model.answer = staticmethod(answers(seed))
    try:
        names["Subject"](**options).kickoff()
        ended = "done"
    except Exception as error:
        ended = type(error).__name__
    return {"ended": ended, "calls": Model.calls}


report = []
quiet = io.StringIO()
with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
    for flow in json.load(sys.stdin):
        report.append([run(flow["source"], seed, flow.get("options", {})) for seed in flow["seeds"]])
print(json.dumps(report))

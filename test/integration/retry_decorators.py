"""Runs Python's retry decorators on a function that always fails and prints, as JSON, how often each called it."""

import json
import sys

import backoff
import retrying
import tenacity
from retry import retry

STOP = 40
"""Here the function succeeds: the decorator did not give up."""

now = {"wait_gen": backoff.constant, "interval": 0, "jitter": None, "exception": ValueError}

cases = {
    "tenacity": {
        "nothing": tenacity.retry,
        "()": tenacity.retry(),
        "stop_after_attempt(3)": tenacity.retry(stop=tenacity.stop_after_attempt(3)),
        "stop_after_attempt(0)": tenacity.retry(stop=tenacity.stop_after_attempt(0)),
        "stop_after_attempt(inf)": tenacity.retry(stop=tenacity.stop_after_attempt(float("inf"))),
        "stop_never": tenacity.retry(stop=tenacity.stop_never),
        "None": tenacity.retry(stop=None),
        "stop_any": tenacity.retry(stop=tenacity.stop_after_attempt(5) | tenacity.stop_after_attempt(3)),
        "stop_all": tenacity.retry(stop=tenacity.stop_after_attempt(5) & tenacity.stop_never),
    },
    "backoff": {
        "nothing": backoff.on_exception(**now),
        "max_tries=3": backoff.on_exception(max_tries=3, **now),
        "max_tries=1": backoff.on_exception(max_tries=1, **now),
        "max_tries=0": backoff.on_exception(max_tries=0, **now),
        "max_tries=-1": backoff.on_exception(max_tries=-1, **now),
        "max_tries=None": backoff.on_exception(max_tries=None, **now),
        "max_tries=inf": backoff.on_exception(max_tries=float("inf"), **now),
    },
    "retrying": {
        "nothing": retrying.retry,
        "()": retrying.retry(),
        "stop_max_attempt_number=3": retrying.retry(stop_max_attempt_number=3),
        "stop_max_attempt_number=0": retrying.retry(stop_max_attempt_number=0),
        "stop_max_attempt_number=None": retrying.retry(stop_max_attempt_number=None),
        "stop_max_attempt_number=inf": retrying.retry(stop_max_attempt_number=float("inf")),
    },
    "retry": {
        "()": retry(),
        "tries=3": retry(tries=3),
        "tries=1": retry(tries=1),
        "tries=0": retry(tries=0),
        "tries=-1": retry(tries=-1),
        "tries=-2": retry(tries=-2),
        "tries=inf": retry(tries=float("inf")),
    },
}


def count(decorate):
    calls = [0]

    @decorate
    def ask():
        calls[0] += 1
        if calls[0] < STOP:
            raise ValueError("busy")

    try:
        ask()
    except (ValueError, tenacity.RetryError):
        pass
    except Exception as error:
        return f"raises {type(error).__name__}"
    return "no end" if calls[0] == STOP else calls[0]


json.dump({name: {case: count(one) for case, one in all.items()} for name, all in cases.items()}, sys.stdout)

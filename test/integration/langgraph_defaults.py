"""Runs LangGraph for Python with a scripted model and prints, as JSON, how often it asks before it stops."""

import json
import sys

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

STOP = 12000
"""Here the scripted model ends the run: the framework did not."""


class State(TypedDict):
    text: str


class Runaway(Exception):
    pass


def cycle(stop=STOP):
    calls = [0]

    def ask(_: State):
        if calls[0] == stop:
            raise Runaway
        calls[0] += 1
        return {"text": "again"}

    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_conditional_edges("ask", lambda _: "ask", ["ask", END])
    return builder, calls


def ends(run):
    try:
        run()
    except Exception as error:
        return type(error).__name__
    return "ended"


def with_config(config, stop=STOP):
    builder, calls = cycle(stop)
    graph = builder.compile()
    return {"ended": ends(lambda: graph.invoke({"text": ""}, config)), "calls": calls[0]}


def resumed():
    builder, calls = cycle()
    graph = builder.compile(checkpointer=InMemorySaver())
    config = {"recursion_limit": 10, "configurable": {"thread_id": "one"}}
    counts = []
    for value in ({"text": ""}, None, None):
        ended = ends(lambda: graph.invoke(value, config))
        counts.append({"ended": ended, "calls": calls[0]})
    return counts


json.dump(
    {
        "default": with_config(None),
        "four": with_config({"recursion_limit": 4}),
        "zero": with_config({"recursion_limit": 0}),
        "maxsize": with_config({"recursion_limit": sys.maxsize}, 60),
        "infinite": with_config({"recursion_limit": float("inf")}, 60),
        "resumed": resumed(),
    },
    sys.stdout,
)

"""Drafts a reply to a customer and rewrites it until the quality check passes.

The graph alone would stop at LangGraph's recursion limit. The loop round it starts it again and again.
"""

import script  # noqa: F401  plays the model
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

model = ChatOpenAI(model="gpt-4.1-mini")


class Reply(TypedDict):
    ticket: str
    draft: str
    verdict: str


def draft(state: Reply):
    answer = model.invoke(f"Reply to this customer: {state['ticket']}\n\n{state.get('verdict', '')}")
    return {"draft": answer.content}


def check(state: Reply):
    answer = model.invoke(f"Check the tone. Start with SEND or REWRITE.\n\n{state['draft']}")
    return {"verdict": answer.content}


def route(state: Reply):
    return END if state["verdict"].startswith("SEND") else "draft"


builder = StateGraph(Reply)
builder.add_node("draft", draft)
builder.add_node("check", check)
builder.add_edge(START, "draft")
builder.add_edge("draft", "check")
builder.add_conditional_edges("check", route, ["draft", END])
graph = builder.compile()

while True:
    try:
        result = graph.invoke({"ticket": "My refund has not arrived."})
        print(result["draft"])
        break
    except GraphRecursionError:
        print("no agreement yet, once more")

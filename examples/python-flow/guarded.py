"""The same flow with two bounds: its router counts the drafts, and the run has a recursion limit of its own."""

import script  # noqa: F401  plays the model
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

MAX_DRAFTS = 3

model = ChatOpenAI(model="gpt-4.1-mini")


class Reply(TypedDict):
    ticket: str
    draft: str
    verdict: str
    drafts: int


def draft(state: Reply):
    answer = model.invoke(f"Reply to this customer: {state['ticket']}\n\n{state.get('verdict', '')}")
    return {"draft": answer.content, "drafts": state["drafts"] + 1}


def check(state: Reply):
    answer = model.invoke(f"Check the tone. Start with SEND or REWRITE.\n\n{state['draft']}")
    return {"verdict": answer.content}


def route(state: Reply):
    if state["verdict"].startswith("SEND") or state["drafts"] >= MAX_DRAFTS:
        return END
    return "draft"


builder = StateGraph(Reply)
builder.add_node("draft", draft)
builder.add_node("check", check)
builder.add_edge(START, "draft")
builder.add_edge("draft", "check")
builder.add_conditional_edges("check", route, ["draft", END])
graph = builder.compile()

result = graph.invoke({"ticket": "My refund has not arrived.", "drafts": 0}, {"recursion_limit": 12})
print(result["draft"])
print(f"Stopped: counter, {result['drafts']} drafts")

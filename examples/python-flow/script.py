"""The model of the support flow: a quality check that asks for another rewrite every time."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from scripted_model import play_model


def answer(call, prompt):
    if prompt.startswith("Check"):
        return "REWRITE: the tone is not warm enough."
    return f"Dear customer, version {call}: your refund is on its way."


play_model(answer)

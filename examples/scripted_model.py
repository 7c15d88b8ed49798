"""Plays the model on loopback, so that the Python examples run without a key or a connection.

The agents know nothing of it: without the `import script` line they talk to the real model.
"""

import atexit
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PRICE = {"input": 0.4, "output": 1.6}
"""USD per million tokens; a token is taken as four characters."""

CUT_OFF = 75
"""The exit code of an agent that the demo has cut off."""


def play_model(script):
    """Starts a model that answers with `script(call, prompt)`.

    LOOPBOUND_DEMO_CUTOFF, LOOPBOUND_DEMO_LATENCY and LOOPBOUND_DEMO_REPORT mean the same as in scripted-model.ts.
    """
    cut_off = float(os.environ.get("LOOPBOUND_DEMO_CUTOFF", "inf"))
    latency = float(os.environ.get("LOOPBOUND_DEMO_LATENCY", "25")) / 1000
    report = os.environ.get("LOOPBOUND_DEMO_REPORT")
    counts = {"calls": 0, "inputTokens": 0, "outputTokens": 0, "usd": 0.0, "cutOff": False}

    def write_report():
        if report:
            with open(report, "w", encoding="utf-8") as file:
                json.dump(counts, file)
        else:
            print(f"[scripted model] {counts['calls']} calls, about ${counts['usd']:.4f}", file=sys.stderr)

    class Model(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if counts["calls"] >= cut_off:
                counts["cutOff"] = True
                write_report()
                os._exit(CUT_OFF)
            counts["calls"] += 1
            time.sleep(latency)
            reply = script(counts["calls"], request["messages"][-1]["content"])
            tokens = {
                "input": len(json.dumps(request["messages"])) // 4 + 1,
                "output": len(reply) // 4 + 1,
            }
            counts["inputTokens"] += tokens["input"]
            counts["outputTokens"] += tokens["output"]
            counts["usd"] += sum(tokens[kind] * PRICE[kind] for kind in tokens) / 1_000_000
            body = json.dumps(completion(request["model"], counts["calls"], reply, tokens)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{server.server_port}/v1"
    os.environ.setdefault("OPENAI_API_KEY", "scripted")
    atexit.register(write_report)


def completion(model, call, reply, tokens):
    return {
        "id": f"chatcmpl-{call}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": reply}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": tokens["input"],
            "completion_tokens": tokens["output"],
            "total_tokens": tokens["input"] + tokens["output"],
        },
    }

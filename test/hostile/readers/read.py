"""Reads one message a line, in base64, and writes what Python's json finds in it: one JSON line for each."""
import base64
import json
import sys


def governed(message):
    params = message.get("params") or {}
    ref = params.get("ref") or {}
    notifications = params.get("notifications")
    inner = notifications if isinstance(notifications, dict) else {}
    return [
        message.get("id"),
        message.get("method"),
        params.get("name"),
        params.get("uri"),
        params.get("taskId"),
        ref.get("name"),
        ref.get("uri"),
        inner.get("resourceSubscriptions"),
    ]


for line in sys.stdin:
    try:
        print(json.dumps(governed(json.loads(base64.b64decode(line)))))
    except Exception as error:
        print(json.dumps({"error": str(error)}))

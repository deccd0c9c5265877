"""Turn the result of a failed Ansible task into one line that a person can act on."""

from __future__ import annotations

from typing import Any

# Room for two SHA-512 and what is to be done about them.
LONGEST = 700
# Ansible's own wrappers around the message that matters.
NOISE = (
    "Task failed: ",
    "Module failed: ",
    "Action failed: ",
    "Failed to connect to the host via ssh: ",
    "Data could not be sent to remote host",
)


def message_of(result: dict[str, Any], items: list[dict[str, Any]] | None = None) -> str:
    """What went wrong, in one line.

    Args:
        result: the kept part of a task's result (see plugins/callback/phases.py).
        items: results of a loop's failed items with their `item` labels; they say more than the loop.
    """
    if items:
        return _cut(
            "; ".join(
                f"{entry['item']}: {_one(entry['result'])}" if entry.get("item") else _one(entry["result"])
                for entry in items
            )
        )
    return _cut(_one(result))


def last_stderr_line(result: dict[str, Any]) -> str:
    """The last line that the failed program wrote; empty where the message holds it already."""
    for key in ("stderr", "module_stderr", "stdout", "module_stdout"):
        lines = [line.strip() for line in str(result.get(key, "")).splitlines() if line.strip()]
        if lines:
            return "" if lines[-1] in _one(result) else _cut(lines[-1])
    return ""


def unreachable_message(result: dict[str, Any]) -> str:
    """Why a host could not be reached, in a few words."""
    lines = [line.strip() for line in str(result.get("msg", "")).splitlines() if line.strip()]
    # ssh says the cause last; what stands before are warnings about host keys and the like.
    return _cut(_without_noise(lines[-1])) if lines else "no answer"


def _one(result: dict[str, Any]) -> str:
    if result.get("censored"):
        return "the result holds a secret and is hidden"
    message = result.get("msg") or result.get("reason") or ""
    if isinstance(message, list):
        message = "; ".join(map(str, message))
    text = _without_noise(" ".join(str(message).split()))
    if text.startswith("non-zero return code") and result.get("cmd"):
        command = result["cmd"] if isinstance(result["cmd"], str) else " ".join(map(str, result["cmd"]))
        text = f"{command} ended with status {result.get('rc')}"
    if (not text or text.startswith("MODULE FAILURE")) and result.get("exception"):
        text = str(result["exception"]).strip().splitlines()[-1]
    return text or "no message"


def _without_noise(text: str) -> str:
    for noise in NOISE:
        text = text.removeprefix(noise)
    return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"

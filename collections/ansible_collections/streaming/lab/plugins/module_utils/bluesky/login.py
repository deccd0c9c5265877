"""What the trace of the notes' Bluesky connector tells of its login.

Its client (kafka-connect-bluesky-source 0.0.1, `BlueskyClient.login`) keeps the HTTP status of Bluesky's answer and
drops its body. So the names in the body (AuthenticationRequired, AccountTakedown, ExpiredToken) are not known here.
Bluesky answers 401 to a login that it does not accept, and 400 to a name that cannot be one
(com.atproto.server.createSession).
"""

from __future__ import annotations

import re

REFUSED = re.compile(r"BlueskyException: Failed to log in to Bluesky - response code (40[01])\b")
# Not a refused app password: the connector never stores its renewed token, so each session ends after about two hours.
SESSION_ENDED = re.compile(r"BlueskyException: Failed to refresh Bluesky session - response code (40[01])\b")


def explain(trace: str) -> str:
    """Say what a failed login or session means and what to do, in one line; empty: the trace is of something else."""
    if found := REFUSED.search(trace):
        return (
            f"Bluesky refuses the login (HTTP {found[1]}): the account's name or its app password is wrong, the app "
            "password expired or was revoked, or the account is suspended; write a new app password to "
            ".lab/LAB/secrets/bluesky_password, or to where the inventory or the connector sets it, and run ./lab up"
        )
    if found := SESSION_ENDED.search(trace):
        return (
            f"Bluesky ended the session (HTTP {found[1]}), as it does about two hours after each login of this "
            "connector; restart the failed task, which logs in again"
        )
    return ""

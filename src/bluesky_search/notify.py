"""The status for systemd: `systemctl status` and `./lab status` show it (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def notify(**fields: str) -> None:
    """Send fields to systemd, such as READY="1" or STATUS="a line"; does nothing without systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    message = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
